-- The cohorts have every user with a session who was first seen since the data begins, once; and each week in which
-- one of them had a session counts once.
with weeks as (
    select distinct
        sessions.vendor,
        sessions.user_key,
        {{ session_analytics.monday('users.first_seen_on') }} as cohort_week,
        {{ session_analytics.monday('sessions.started_on') }} as active_week
    from {{ ref('sessions') }} as sessions
    inner join {{ ref('users') }} as users on users.user_key = sessions.user_key
    where sessions.started_on is not null
),

beginnings as (
    select vendor, min(active_week) as first_week from weeks group by vendor
),

expected as (
    select weeks.vendor, count(distinct weeks.user_key) as users, count(*) as active
    from weeks
    inner join beginnings on beginnings.vendor = weeks.vendor and weeks.cohort_week >= beginnings.first_week
    group by weeks.vendor
),

cohorts as (
    select vendor, cohort_week, max(cohort_users) as users, sum(active_users) as active
    from {{ ref('retention_weekly') }}
    group by vendor, cohort_week
),

in_model as (
    select vendor, sum(users) as users, sum(active) as active from cohorts group by vendor
)

select expected.vendor, expected.users, in_model.users as in_model_users, expected.active, in_model.active as in_model_active
from expected
left join in_model on in_model.vendor = expected.vendor
where expected.users <> coalesce(in_model.users, 0) or expected.active <> coalesce(in_model.active, 0)
