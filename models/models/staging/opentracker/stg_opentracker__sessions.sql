with source as (
    {{ session_analytics.stream('opentracker', 'sessions', ['site', 'session_id'], {
        'site': 'text',
        'session_id': 'text',
        'user_id': 'text',
        'use_id': 'text',
        'first_session_at': 'timestamp',
        'started_at': 'timestamp',
        'ended_at': 'timestamp',
        'duration_seconds': 'number',
        'country_code': 'text',
        'app_platform': 'text',
        'page_count': 'integer',
        'entry_root_url': 'text',
        'entry_title': 'text',
        'exit_root_url': 'text',
        'exit_title': 'text',
        'browser': 'text',
        'platform': 'text',
    }) }}
)

select
    {{ session_analytics.key(["'opentracker'", 'site', 'session_id']) }} as session_key,
    'opentracker' as vendor,
    source_schema,
    site as account_part,
    session_id,
    {{ session_analytics.key(["'opentracker'", 'site', 'user_id']) }} as user_key,
    user_id,
    case when use_id <> user_id then nullif(use_id, '') end as app_user_id,
    case
        when user_id is null then null
        when use_id <> user_id and use_id <> '' then 'identified'
        else 'anonymous'
    end as user_kind,
    first_session_at as user_first_seen_at,
    started_at,
    ended_at,
    duration_seconds,
    country_code,
    app_platform,
    page_count,
    {{ session_analytics.nothing('text') }} as app_version,
    platform as operating_system,
    browser,
    {{ session_analytics.nothing('text') }} as device,
    nullif(entry_root_url, '') as entry_url,
    nullif(entry_title, '') as entry_title,
    nullif(exit_root_url, '') as exit_url,
    nullif(exit_title, '') as exit_title,
    {{ session_analytics.nothing('text') }} as replay_url,
    {{ session_analytics.nothing('integer') }} as rage_count,
    {{ session_analytics.nothing('integer') }} as dead_count,
    {{ session_analytics.nothing('integer') }} as unresponsive_count,
    {{ session_analytics.nothing('integer') }} as crash_count,
    {{ session_analytics.nothing('integer') }} as freeze_count,
    loaded_at
from source
