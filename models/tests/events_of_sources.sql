-- Every event and tag is in the model, and no session has the events of both of UXCam's APIs.
with found as (
    select event_key, session_key, event_kind from {{ ref('session_events') }}
),

tags as (
    select count(*) as amount from {{ ref('stg_inspectlet__session_tags') }}
),

newer as (
    select event_key from {{ ref('stg_uxcam_data_access_v2__events') }}
),

older as (
    select event_key, session_key from {{ ref('stg_uxcam_session_api__events') }}
)

select 'tags' as what, amount as expected from tags
where amount <> (select count(*) from found where event_kind = 'tag')
union all
select 'a missing event of the Data Access API', 1 from newer
where event_key not in (select event_key from found)
union all
select 'a session of the Session API without its events', 1 from older
where session_key not in (select session_key from found where session_key is not null)
union all
select 'a session with events of both APIs', count(distinct case when older.event_key is null then 0 else 1 end)
from found
left join older on older.event_key = found.event_key
where found.event_kind = 'event' and found.session_key is not null
group by found.session_key
having count(distinct case when older.event_key is null then 0 else 1 end) > 1
