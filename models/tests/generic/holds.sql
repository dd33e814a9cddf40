{# A condition holds in each row; a row in which it is null is passed. #}
{% test holds(model, condition) %}
select *
from {{ model }}
where not ({{ condition }})
{% endtest %}
