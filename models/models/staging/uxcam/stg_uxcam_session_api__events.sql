with source as (
    {{ session_analytics.stream('uxcam_session_api', 'events', ['session_id', 'screen_index', 'event_index'], {
        'session_id': 'text',
        'screen_index': 'integer',
        'event_index': 'integer',
        'screen_name': 'text',
        'event_at': 'timestamp',
        'type': 'text',
        'name': 'text',
        'params': 'json',
    }) }}
)

select
    {{ session_analytics.key(["'uxcam'", 'session_id']) }} as session_key,
    {{ session_analytics.key(["'uxcam'", 'session_id', 'screen_index', 'event_index']) }} as event_key,
    source_schema,
    screen_name as screen,
    event_at,
    type as named_by,
    name as event_name,
    params_json as properties,
    loaded_at
from source
