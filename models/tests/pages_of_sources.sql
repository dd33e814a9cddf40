-- Every listed page of Browsee, Inspectlet and UXCam's Session API is one row; the vendors that send first and last
-- pages have them once per session.
with expected as (
    select 'listed' as pages, count(*) as amount
    from (
        select page_key from {{ ref('stg_browsee__session_pages') }}
        union all
        select page_key from {{ ref('stg_inspectlet__session_pages') }}
        union all
        select page_key from {{ ref('stg_uxcam_session_api__screens') }}
    ) as listed
    union all
    select 'first', count(*)
    from {{ ref('sessions') }}
    where vendor in ('devrev', 'opentracker') and entry_page is not null
    union all
    select 'last', count(*)
    from {{ ref('sessions') }}
    where vendor = 'opentracker' and exit_page is not null and coalesce(page_count, 2) > 1
    union all
    select 'derived', count(distinct session_key)
    from {{ ref('stg_uxcam_data_access_v2__events') }}
    where screen is not null
        and session_key not in (select session_key from {{ ref('stg_uxcam_session_api__screens') }})
),

found as (
    select
        case
            when vendor in ('browsee', 'inspectlet') or (vendor = 'uxcam' and is_entry is not null) then 'listed'
            when vendor = 'uxcam' then 'derived'
            when is_entry then 'first'
            else 'last'
        end as pages,
        case when vendor = 'uxcam' and is_entry is null then session_key else page_key end as counted
    from {{ ref('session_pages') }}
),

in_model as (
    select pages, count(distinct counted) as amount from found group by pages
)

select expected.pages, expected.amount as expected, in_model.amount as in_model
from expected
left join in_model on in_model.pages = expected.pages
where expected.amount <> coalesce(in_model.amount, 0)
