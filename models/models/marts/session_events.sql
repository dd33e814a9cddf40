with newer as (
    select * from {{ ref('stg_uxcam_data_access_v2__events') }}
),

{#- The events of a session that was read from both of UXCam's APIs count once: those of the newer one. -#}
all_vendors as (
    select
        event_key,
        session_key,
        event_name,
        'event' as event_kind,
        screen as page,
        event_at,
        seconds_in_session,
        {{ session_analytics.nothing('text') }} as event_value,
        properties
    from newer
    union all
    select
        event_key, session_key, event_name, 'event', screen, event_at,
        {{ session_analytics.nothing('number') }}, {{ session_analytics.nothing('text') }}, properties
    from {{ ref('stg_uxcam_session_api__events') }}
    where session_key not in (select session_key from newer where session_key is not null)
    union all
    select
        tag_key, session_key, tag, 'tag', {{ session_analytics.nothing('text') }}, tagged_at,
        {{ session_analytics.nothing('number') }}, tag_value, {{ session_analytics.nothing('json') }}
    from {{ ref('stg_inspectlet__session_tags') }}
)

select
    all_vendors.event_key,
    all_vendors.session_key,
    sessions.vendor,
    sessions.user_key,
    all_vendors.event_name,
    all_vendors.event_kind,
    all_vendors.event_value,
    all_vendors.page,
    coalesce(
        {{ session_analytics.seconds_after('sessions.started_at', 'all_vendors.seconds_in_session') }},
        all_vendors.event_at
    ) as event_at,
    all_vendors.properties
from all_vendors
left join {{ ref('sessions') }} as sessions on sessions.session_key = all_vendors.session_key
