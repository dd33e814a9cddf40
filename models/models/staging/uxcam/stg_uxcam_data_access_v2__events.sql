with source as (
    {{ session_analytics.stream('uxcam_data_access_v2', 'events', ['event_id'], {
        'event_id': 'text',
        'session_id': 'text',
        'event_at': 'timestamp',
        'eventName': 'text',
        'eventScreen': 'text',
        'eventPropertyTime': 'number',
        'eventProperty': 'json',
    }) }}
)

select
    {{ session_analytics.key(["'uxcam'", 'session_id']) }} as session_key,
    {{ session_analytics.key(["'uxcam'", 'event_id']) }} as event_key,
    source_schema,
    nullif(eventscreen, '') as screen,
    event_at,
    eventpropertytime as seconds_in_session,
    eventname as event_name,
    eventproperty_json as properties,
    loaded_at
from source
