with source as (
    {{ session_analytics.stream('uxcam_session_api', 'gestures', ['session_id', 'screen_index', 'gesture_index'], {
        'session_id': 'text',
        'screen_index': 'integer',
        'gesture_index': 'integer',
        'screen_name': 'text',
        'gesture_at': 'timestamp',
        'type': 'text',
        'rage': 'integer',
        'view': 'json',
    }) }}
)

select
    {{ session_analytics.key(["'uxcam'", 'session_id']) }} as session_key,
    {{ session_analytics.key(["'uxcam'", 'session_id', 'screen_index', 'gesture_index']) }} as gesture_key,
    source_schema,
    screen_name as screen,
    gesture_at,
    type as gesture,
    rage = 1 as is_rage,
    {{ session_analytics.json_integer('view_json', ['responsive']) }} = 0 as is_unresponsive,
    loaded_at
from source
