-- Each step of the variable is one row, nobody reaches a step without the one before it, and "%" is every page.
select 'steps' as what, count(*) as found
from {{ ref('funnel_steps') }}
having count(*) <> {{ var('funnel_steps') | length }}
union all
select 'a step with more sessions than the one before it', step_number
from {{ ref('funnel_steps') }}
where share_of_previous > 1 or share_of_first > 1
union all
select 'any page', reached
from {{ ref('funnel_steps') }}
where step_number = 1
    and '{{ var("funnel_steps")[0].page }}' = '%'
    and reached <> (select count(distinct session_key) from {{ ref('session_pages') }} where page is not null)
