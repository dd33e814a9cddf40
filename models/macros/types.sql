{# The warehouse's type for a kind of column. Times are kept with their zone. #}
{% macro type_of(kind) %}
    {{- return(adapter.dispatch('type_of', 'session_analytics')(kind)) -}}
{% endmacro %}

{% macro default__type_of(kind) %}
    {{- return({
        'text': 'text', 'integer': 'bigint', 'number': 'double precision', 'boolean': 'boolean',
        'timestamp': 'timestamp with time zone', 'json': 'json',
    }[kind]) -}}
{% endmacro %}

{% macro postgres__type_of(kind) %}
    {{- return('jsonb' if kind == 'json' else session_analytics.default__type_of(kind)) -}}
{% endmacro %}

{% macro snowflake__type_of(kind) %}
    {{- return({'timestamp': 'timestamp_tz', 'json': 'variant'}.get(kind) or session_analytics.default__type_of(kind)) -}}
{% endmacro %}

{% macro bigquery__type_of(kind) %}
    {{- return({
        'text': 'string', 'integer': 'int64', 'number': 'float64', 'boolean': 'bool',
        'timestamp': 'timestamp', 'json': 'json',
    }[kind]) -}}
{% endmacro %}


{# A time with its zone. A time without one is in UTC: PyAirbyte writes these. #}
{% macro to_timestamp(expression, type) %}
    {{- return(adapter.dispatch('to_timestamp', 'session_analytics')(expression, type)) -}}
{% endmacro %}

{% macro default__to_timestamp(expression, type) %}
    {%- if type in ('timestamp', 'timestamp without time zone', 'datetime') -%}
        {{- return(expression ~ " at time zone 'UTC'") -}}
    {%- endif -%}
    {{- return('cast(' ~ expression ~ ' as ' ~ session_analytics.type_of('timestamp') ~ ')') -}}
{% endmacro %}

{% macro snowflake__to_timestamp(expression, type) %}
    {%- if type.startswith('timestamp_ntz') -%}
        {{- return("to_timestamp_tz(to_char(" ~ expression ~ ", 'YYYY-MM-DD HH24:MI:SS.FF6') || ' +00:00')") -}}
    {%- endif -%}
    {{- return('cast(' ~ expression ~ ' as timestamp_tz)') -}}
{% endmacro %}

{% macro bigquery__to_timestamp(expression, type) %}
    {{- return('timestamp(' ~ expression ~ ')') -}}
{% endmacro %}


{# A time that a vendor writes as text, in UTC whether or not it says so; null where the text is no time. #}
{% macro text_to_timestamp(text) %}
    {%- set naive = 'timestamp_ntz' if target.type == 'snowflake' else 'timestamp' -%}
    {%- set time = session_analytics.to_timestamp('cast(' ~ text ~ ' as ' ~ naive ~ ')', naive) -%}
    {{- return("case when " ~ text ~ " like '2___-__-__%' then " ~ time ~ " end") -}}
{% endmacro %}


{# A JSON value; text is parsed. #}
{% macro to_json(expression, type) %}
    {{- return(adapter.dispatch('to_json', 'session_analytics')(expression, type)) -}}
{% endmacro %}

{% macro default__to_json(expression, type) %}
    {{- return('cast(' ~ expression ~ ' as ' ~ session_analytics.type_of('json') ~ ')') -}}
{% endmacro %}

{% macro snowflake__to_json(expression, type) %}
    {%- if type.startswith('text') or type.startswith('varchar') or type.startswith('character') -%}
        {{- return('try_parse_json(' ~ expression ~ ')') -}}
    {%- endif -%}
    {{- return('cast(' ~ expression ~ ' as variant)') -}}
{% endmacro %}

{% macro bigquery__to_json(expression, type) %}
    {%- if type == 'string' -%}
        {{- return("safe.parse_json(" ~ expression ~ ", wide_number_mode => 'round')") -}}
    {%- endif -%}
    {{- return(expression) -}}
{% endmacro %}


{# The value at a path of a JSON column, as text; null where the path leads nowhere, and for "". #}
{% macro json_text(column, path) %}
    {{- return("nullif(" ~ adapter.dispatch('json_path', 'session_analytics')(column, path) ~ ", '')") -}}
{% endmacro %}

{% macro duckdb__json_path(column, path) %}
    {{- return("json_extract_string(" ~ column ~ ", '$.\"" ~ path | join('"."') ~ "\"')") -}}
{% endmacro %}

{% macro postgres__json_path(column, path) %}
    {{- return("(" ~ column ~ " #>> '{" ~ path | join(',') ~ "}')") -}}
{% endmacro %}

{% macro snowflake__json_path(column, path) %}
    {{- return("cast(get_path(" ~ column ~ ", '\"" ~ path | join('"."') ~ "\"') as text)") -}}
{% endmacro %}

{% macro bigquery__json_path(column, path) %}
    {{- return("json_value(" ~ column ~ ", '$.\"" ~ path | join('"."') ~ "\"')") -}}
{% endmacro %}

{# The same as a number, a whole number, and a boolean (1, 0, true, false). #}
{% macro json_number(column, path) %}
    {{- return('cast(' ~ session_analytics.json_text(column, path) ~ ' as ' ~ session_analytics.type_of('number') ~ ')') -}}
{% endmacro %}

{% macro json_integer(column, path) %}
    {{- return('cast(' ~ session_analytics.json_number(column, path) ~ ' as ' ~ session_analytics.type_of('integer') ~ ')') -}}
{% endmacro %}

{% macro json_boolean(column, path) %}
    {{- return('(lower(' ~ session_analytics.json_text(column, path) ~ ") in ('1', 'true'))") -}}
{% endmacro %}
