with source as (
    {{ session_analytics.stream('uxcam_session_api', 'sessions', ['session_id'], {
        'session_id': 'text',
        'user_id': 'text',
        'started_at': 'timestamp',
        'ended_at': 'timestamp',
        'duration_seconds': 'number',
        'country_code': 'text',
        'app_platform': 'text',
        'page_count': 'integer',
        'session': 'json',
        'user': 'json',
        'device': 'json',
        'properties': 'json',
    }) }}
)

select
    {{ session_analytics.key(["'uxcam'", 'session_id']) }} as session_key,
    'uxcam' as vendor,
    source_schema,
    {{ session_analytics.nothing('text') }} as account_part,
    session_id,
    {{ session_analytics.key(["'uxcam'", 'user_id']) }} as user_key,
    user_id,
    {{ session_analytics.json_text('properties_json', ['kUXCam_UserIdentity']) }} as app_user_id,
    case
        when user_id is null then null
        when {{ session_analytics.json_text('properties_json', ['kUXCam_UserIdentity']) }} is null then 'anonymous'
        else 'identified'
    end as user_kind,
    {{ session_analytics.nothing('timestamp') }} as user_first_seen_at,
    started_at,
    ended_at,
    duration_seconds,
    country_code,
    app_platform,
    page_count,
    {{ session_analytics.json_text('device_json', ['app_version']) }} as app_version,
    {{ session_analytics.json_text('device_json', ['os_version']) }} as operating_system,
    {{ session_analytics.nothing('text') }} as browser,
    {{ session_analytics.json_text('device_json', ['model']) }} as device,
    {{ session_analytics.nothing('text') }} as entry_url,
    {{ session_analytics.nothing('text') }} as exit_url,
    {{ session_analytics.nothing('text') }} as replay_url,
    {{ session_analytics.json_integer('session_json', ['rage_gesture_count']) }} as rage_count,
    {{ session_analytics.nothing('integer') }} as dead_count,
    {{ session_analytics.json_integer('session_json', ['unresponsive_gesture_count']) }} as unresponsive_count,
    case when {{ session_analytics.json_boolean('session_json', ['is_crashed']) }} then 1 else 0 end as crash_count,
    {{ session_analytics.nothing('integer') }} as freeze_count,
    loaded_at
from source
