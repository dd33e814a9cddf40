{#- UXCam's newer API lists no screens: a visit is a run of events on one screen. -#}
with screens_of_events as (
    select
        session_key,
        screen,
        seconds_in_session,
        event_key,
        lag(screen) over (partition by session_key order by seconds_in_session, event_key) as screen_before
    from {{ ref('stg_uxcam_data_access_v2__events') }}
    where screen is not null
),

visits as (
    select
        session_key,
        screen,
        seconds_in_session,
        row_number() over (partition by session_key order by seconds_in_session, event_key) - 1 as page_index
    from screens_of_events
    where screen_before is null or screen_before <> screen
),

listed as (
    select
        session_key,
        page_index,
        'page' as page_kind,
        url,
        {{ session_analytics.page_of('url') }} as page,
        {{ session_analytics.nothing('text') }} as title,
        {{ session_analytics.nothing('timestamp') }} as entered_at,
        {{ session_analytics.nothing('number') }} as seconds_in_session,
        {{ session_analytics.nothing('number') }} as seconds_shown
    from {{ ref('stg_browsee__session_pages') }}
    union all
    select
        session_key, page_index, 'page', url, {{ session_analytics.page_of('url') }}, title, entered_at,
        {{ session_analytics.nothing('number') }}, {{ session_analytics.nothing('number') }}
    from {{ ref('stg_inspectlet__session_pages') }}
    union all
    select
        session_key, screen_index, 'screen', {{ session_analytics.nothing('text') }}, screen,
        {{ session_analytics.nothing('text') }}, {{ session_analytics.nothing('timestamp') }}, seconds_in_session,
        seconds_shown
    from {{ ref('stg_uxcam_session_api__screens') }}
),

{#- Entry and exit follow from the position only where all pages of a session are listed. -#}
all_vendors as (
    select
        listed.*,
        page_index = 0 as is_entry,
        page_index = max(page_index) over (partition by session_key) as is_exit
    from listed
    union all
    select
        session_key, page_index, 'screen', {{ session_analytics.nothing('text') }}, screen,
        {{ session_analytics.nothing('text') }}, {{ session_analytics.nothing('timestamp') }}, seconds_in_session,
        {{ session_analytics.nothing('number') }}, {{ session_analytics.nothing('boolean') }},
        {{ session_analytics.nothing('boolean') }}
    from visits
    where session_key not in (select session_key from {{ ref('stg_uxcam_session_api__screens') }})
    union all
    select
        session_key, 0, 'page', entry_url, {{ session_analytics.page_of('entry_url') }}, entry_title, started_at,
        {{ session_analytics.nothing('number') }}, {{ session_analytics.nothing('number') }}, true,
        coalesce(page_count = 1, false)
    from {{ ref('stg_opentracker__sessions') }}
    where entry_url is not null
    union all
    select
        session_key, case when page_count > 2 then page_count - 1 else 1 end, 'page', exit_url,
        {{ session_analytics.page_of('exit_url') }}, exit_title, {{ session_analytics.nothing('timestamp') }},
        {{ session_analytics.nothing('number') }}, {{ session_analytics.nothing('number') }}, false, true
    from {{ ref('stg_opentracker__sessions') }}
    where exit_url is not null and coalesce(page_count, 2) > 1
    union all
    select
        session_key, 0, 'page', entry_url, {{ session_analytics.page_of('entry_url') }},
        {{ session_analytics.nothing('text') }}, started_at, {{ session_analytics.nothing('number') }},
        {{ session_analytics.nothing('number') }}, true, {{ session_analytics.nothing('boolean') }}
    from {{ ref('stg_devrev__sessions') }}
    where entry_url is not null
)

select
    {{ session_analytics.key(['all_vendors.session_key', 'all_vendors.page_index']) }} as page_key,
    all_vendors.session_key,
    sessions.vendor,
    sessions.user_key,
    all_vendors.page_index,
    all_vendors.page_kind,
    all_vendors.page,
    all_vendors.url,
    all_vendors.title,
    coalesce(
        all_vendors.entered_at,
        {{ session_analytics.seconds_after('sessions.started_at', 'all_vendors.seconds_in_session') }}
    ) as entered_at,
    all_vendors.seconds_shown,
    all_vendors.is_entry,
    all_vendors.is_exit
from all_vendors
left join {{ ref('sessions') }} as sessions on sessions.session_key = all_vendors.session_key
