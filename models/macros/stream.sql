{#
    The rows of one stream with the names and types given, from every schema that has its table.

    Loaders differ: `make sync` and PyAirbyte write lower-case names, Airbyte's PostgreSQL destination keeps the
    vendor's case; PyAirbyte writes times without a zone (in UTC), Airbyte writes numbers as DECIMAL. A column that a
    table lacks is null. Of several rows with the same key (Airbyte's append mode) the one loaded last is returned.

    connection: the prefix of the variables that say where the tables are, uxcam_data_access_v2 for example.
    key: the columns of the stream's primary key.
    columns: the stream's fields with their kinds: text, integer, number, boolean, timestamp or json. Each is
        returned under its name in lower case; a json field as <name>_json, since `user` is reserved in PostgreSQL.
#}
{% macro stream(connection, name, key, columns) %}
    {%- set relations = session_analytics.stream_relations(connection, name) -%}
    select
        source_schema
        {%- for field, kind in columns.items() %},
        {{ session_analytics.output_name(field, kind) }}
        {%- endfor %},
        loaded_at
    from (
        select
            copies.*,
            row_number() over (partition by {{ key | join(', ') }} order by loaded_at desc) as copy_number
        from (
            {%- for relation in relations %}
            {%- set found = session_analytics.columns_of(relation, columns) %}
            {{ 'union all' if not loop.first }}
            select
                cast('{{ relation.schema }}' as {{ session_analytics.type_of('text') }}) as source_schema
                {%- for field, kind in columns.items() %},
                {{ session_analytics.source_column(found, field, kind) }} as {{ session_analytics.output_name(field, kind) }}
                {%- endfor %},
                {{ session_analytics.loaded_at(found) }} as loaded_at
            from {{ relation }}
            {%- else %}
            select
                cast(null as {{ session_analytics.type_of('text') }}) as source_schema
                {%- for field, kind in columns.items() %},
                cast(null as {{ session_analytics.type_of(kind) }}) as {{ session_analytics.output_name(field, kind) }}
                {%- endfor %},
                cast(null as {{ session_analytics.type_of('timestamp') }}) as loaded_at
            from (select 1 as nothing) as no_table
            where 1 = 0
            {%- endfor %}
        ) as copies
    ) as numbered
    where copy_number = 1
{%- endmacro %}


{# The name under which stream() returns a field. #}
{% macro output_name(field, kind) -%}
    {{ field | lower }}{{ '_json' if kind == 'json' }}
{%- endmacro %}


{# The tables of a stream that exist. #}
{% macro stream_relations(connection, name) %}
    {%- set relations = [] -%}
    {%- if execute and var(connection ~ '_enabled') -%}
        {%- set database = var('source_database') or target.database -%}
        {%- for schema in var(connection ~ '_schemas') -%}
            {%- set identifier = var(connection ~ '_prefix') ~ name -%}
            {%- if var('looks_into_warehouse') -%}
                {%- set relation = adapter.get_relation(database=database, schema=schema, identifier=identifier) -%}
            {%- else -%}
                {%- set relation = api.Relation.create(database=database, schema=schema, identifier=identifier) -%}
            {%- endif -%}
            {%- if relation is not none -%}
                {%- do relations.append(relation) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(relations) }}
{% endmacro %}


{# The columns of a table as {name in lower case: {name, type}}. #}
{% macro columns_of(relation, expected) %}
    {%- set found = {} -%}
    {%- if var('looks_into_warehouse') -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- do found.update({column.name | lower: {'name': column.name, 'type': column.dtype | lower}}) -%}
        {%- endfor -%}
    {%- else -%}
        {%- for field, kind in expected.items() -%}
            {%- set name = field | upper if target.type == 'snowflake' else field -%}
            {%- set type = session_analytics.type_of(kind) | lower -%}
            {%- do found.update({field | lower: {'name': name, 'type': type}}) -%}
        {%- endfor -%}
        {%- set name = '_AIRBYTE_EXTRACTED_AT' if target.type == 'snowflake' else '_airbyte_extracted_at' -%}
        {%- set type = session_analytics.type_of('timestamp') | lower -%}
        {%- do found.update({'_airbyte_extracted_at': {'name': name, 'type': type}}) -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}


{# One column of a table, converted to its kind; null where the table does not have it. #}
{% macro source_column(found, field, kind) %}
    {%- set column = found.get(field | lower) -%}
    {%- if column is none -%}
        cast(null as {{ session_analytics.type_of(kind) }})
    {%- elif kind == 'timestamp' -%}
        {{ session_analytics.to_timestamp(adapter.quote(column.name), column.type) }}
    {%- elif kind == 'json' -%}
        {{ session_analytics.to_json(adapter.quote(column.name), column.type) }}
    {%- else -%}
        cast({{ adapter.quote(column.name) }} as {{ session_analytics.type_of(kind) }})
    {%- endif -%}
{% endmacro %}


{# When the row was written (make sync) or read (Airbyte, PyAirbyte). #}
{% macro loaded_at(found) %}
    {%- set name = '_loaded_at' if '_loaded_at' in found else '_airbyte_extracted_at' -%}
    {{ session_analytics.source_column(found, name, 'timestamp') }}
{%- endmacro %}
