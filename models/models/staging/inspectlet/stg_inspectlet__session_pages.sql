with source as (
    {{ session_analytics.stream('inspectlet', 'session_pages', ['wid', 'session_id', 'page_index'], {
        'wid': 'integer',
        'session_id': 'text',
        'page_index': 'integer',
        'page_opened_at': 'timestamp',
        'pagetitle': 'text',
        'url': 'text',
    }) }}
)

select
    {{ session_analytics.key(["'inspectlet'", 'wid', 'session_id']) }} as session_key,
    {{ session_analytics.key(["'inspectlet'", 'wid', 'session_id', 'page_index']) }} as page_key,
    source_schema,
    page_index,
    page_opened_at as entered_at,
    pagetitle as title,
    url,
    loaded_at
from source
