{# The date of a time in UTC, whatever the time zone of the connection is. #}
{% macro utc_date(time) %}
    {{- return(adapter.dispatch('utc_date', 'session_analytics')(time)) -}}
{% endmacro %}

{% macro default__utc_date(time) %}
    {{- return("cast(" ~ time ~ " at time zone 'UTC' as date)") -}}
{% endmacro %}

{% macro snowflake__utc_date(time) %}
    {{- return("to_date(convert_timezone('UTC', " ~ time ~ "))") -}}
{% endmacro %}

{% macro bigquery__utc_date(time) %}
    {{- return("date(" ~ time ~ ", 'UTC')") -}}
{% endmacro %}


{# The Monday of a date's week. #}
{% macro monday(day) %}
    {{- return(adapter.dispatch('monday', 'session_analytics')(day)) -}}
{% endmacro %}

{% macro default__monday(day) %}
    {{- return("cast(date_trunc('week', " ~ day ~ ") as date)") -}}
{% endmacro %}

{% macro snowflake__monday(day) %}
    {{- return("dateadd('day', 1 - dayofweekiso(" ~ day ~ "), " ~ day ~ ")") -}}
{% endmacro %}

{% macro bigquery__monday(day) %}
    {{- return("date_trunc(" ~ day ~ ", isoweek)") -}}
{% endmacro %}


{# Whole weeks between two Mondays. #}
{% macro weeks_between(first, last) %}
    {{- return(adapter.dispatch('weeks_between', 'session_analytics')(first, last)) -}}
{% endmacro %}

{% macro default__weeks_between(first, last) %}
    {{- return("cast((" ~ last ~ " - " ~ first ~ ") / 7 as bigint)") -}}
{% endmacro %}

{% macro snowflake__weeks_between(first, last) %}
    {{- return("cast(datediff('day', " ~ first ~ ", " ~ last ~ ") / 7 as bigint)") -}}
{% endmacro %}

{% macro bigquery__weeks_between(first, last) %}
    {{- return("div(date_diff(" ~ last ~ ", " ~ first ~ ", day), 7)") -}}
{% endmacro %}


{# So many seconds after a time; null where either is. #}
{% macro seconds_after(time, seconds) %}
    {{- return(adapter.dispatch('seconds_after', 'session_analytics')(time, seconds)) -}}
{% endmacro %}

{% macro default__seconds_after(time, seconds) %}
    {{- return("(" ~ time ~ " + " ~ seconds ~ " * interval '1 second')") -}}
{% endmacro %}

{% macro snowflake__seconds_after(time, seconds) %}
    {{- return("timestampadd('microsecond', round(" ~ seconds ~ " * 1000000), " ~ time ~ ")") -}}
{% endmacro %}

{% macro bigquery__seconds_after(time, seconds) %}
    {{- return("timestamp_add(" ~ time ~ ", interval cast(round(" ~ seconds ~ " * 1000000) as int64) microsecond)") -}}
{% endmacro %}


{# The seconds from one time to another. #}
{% macro seconds_between(first, last) %}
    {{- return(adapter.dispatch('seconds_between', 'session_analytics')(first, last)) -}}
{% endmacro %}

{% macro default__seconds_between(first, last) %}
    {{- return("extract(epoch from (" ~ last ~ " - " ~ first ~ "))") -}}
{% endmacro %}

{% macro snowflake__seconds_between(first, last) %}
    {{- return("(datediff('microsecond', " ~ first ~ ", " ~ last ~ ") / 1000000)") -}}
{% endmacro %}

{% macro bigquery__seconds_between(first, last) %}
    {{- return("(timestamp_diff(" ~ last ~ ", " ~ first ~ ", microsecond) / 1000000)") -}}
{% endmacro %}
