with source as (
    {{ session_analytics.stream('browsee', 'session_pages', ['session_id', 'page_index'], {
        'session_id': 'text',
        'page_index': 'integer',
        'started_at': 'timestamp',
        'url': 'text',
    }) }}
)

select
    {{ session_analytics.key(["'browsee'", 'session_id']) }} as session_key,
    {{ session_analytics.key(["'browsee'", 'session_id', 'page_index']) }} as page_key,
    source_schema,
    page_index,
    started_at as session_started_at,
    url,
    loaded_at
from source
