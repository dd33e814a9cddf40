with source as (
    {{ session_analytics.stream('uxcam_session_api', 'screens', ['session_id', 'screen_index'], {
        'session_id': 'text',
        'screen_index': 'integer',
        'activity_name': 'text',
        'start_time': 'number',
        'total_time': 'number',
    }) }}
)

select
    {{ session_analytics.key(["'uxcam'", 'session_id']) }} as session_key,
    {{ session_analytics.key(["'uxcam'", 'session_id', 'screen_index']) }} as page_key,
    source_schema,
    screen_index,
    activity_name as screen,
    start_time as seconds_in_session,
    total_time as seconds_shown,
    loaded_at
from source
