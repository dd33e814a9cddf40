with source as (
    {{ session_analytics.stream('inspectlet', 'session_tags', ['wid', 'session_id', 'tag_index'], {
        'wid': 'integer',
        'session_id': 'text',
        'tag_index': 'integer',
        'tagged_at': 'timestamp',
        'tag': 'text',
        'value': 'text',
    }) }}
)

select
    {{ session_analytics.key(["'inspectlet'", 'wid', 'session_id']) }} as session_key,
    {{ session_analytics.key(["'inspectlet'", 'wid', 'session_id', 'tag_index']) }} as tag_key,
    source_schema,
    tag_index,
    tagged_at,
    tag,
    value as tag_value,
    loaded_at
from source
