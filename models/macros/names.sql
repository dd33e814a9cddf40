{# A key of text over several parts, which must not be null. #}
{% macro key(parts) %}
    {%- set texts = [] -%}
    {%- for part in parts -%}
        {%- do texts.append("cast(" ~ part ~ " as " ~ session_analytics.type_of('text') ~ ")") -%}
    {%- endfor -%}
    {{- return("(" ~ texts | join(" || '|' || ") ~ ")") -}}
{% endmacro %}


{# A URL without its query and fragment, which may hold personal data and make each visit's page another one. #}
{% macro page_of(url) %}
    {{- return("nullif(" ~ dbt.split_part(dbt.split_part(url, "'?'", 1), "'#'", 1) ~ ", '')") -}}
{% endmacro %}


{# A null of a kind. #}
{% macro nothing(kind) %}
    {{- return("cast(null as " ~ session_analytics.type_of(kind) ~ ")") -}}
{% endmacro %}
