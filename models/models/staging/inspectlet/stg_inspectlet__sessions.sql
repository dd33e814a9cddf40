with source as (
    {{ session_analytics.stream('inspectlet', 'sessions', ['wid', 'session_id'], {
        'wid': 'integer',
        'session_id': 'text',
        'user_id': 'text',
        'display_name': 'text',
        'started_at': 'timestamp',
        'ended_at': 'timestamp',
        'duration_seconds': 'number',
        'country_code': 'text',
        'app_platform': 'text',
        'page_count': 'integer',
        'landing_page': 'text',
        'exit_page': 'text',
        'browser': 'text',
        'device_type': 'text',
        'sessionlink': 'text',
    }) }}
)

select
    {{ session_analytics.key(["'inspectlet'", 'wid', 'session_id']) }} as session_key,
    'inspectlet' as vendor,
    source_schema,
    cast(wid as {{ session_analytics.type_of('text') }}) as account_part,
    session_id,
    {{ session_analytics.key(["'inspectlet'", 'wid', 'user_id']) }} as user_key,
    user_id,
    nullif(display_name, '') as app_user_id,
    case
        when user_id is null then null
        when nullif(display_name, '') is null then 'anonymous'
        else 'identified'
    end as user_kind,
    {{ session_analytics.nothing('timestamp') }} as user_first_seen_at,
    started_at,
    ended_at,
    duration_seconds,
    country_code,
    app_platform,
    page_count,
    {{ session_analytics.nothing('text') }} as app_version,
    {{ session_analytics.nothing('text') }} as operating_system,
    browser,
    device_type as device,
    landing_page as entry_url,
    exit_page as exit_url,
    nullif(sessionlink, '') as replay_url,
    {{ session_analytics.nothing('integer') }} as rage_count,
    {{ session_analytics.nothing('integer') }} as dead_count,
    {{ session_analytics.nothing('integer') }} as unresponsive_count,
    {{ session_analytics.nothing('integer') }} as crash_count,
    {{ session_analytics.nothing('integer') }} as freeze_count,
    loaded_at
from source
