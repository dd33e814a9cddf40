with active as (
    select distinct
        vendor,
        user_key,
        {{ session_analytics.monday('started_on') }} as active_week
    from {{ ref('sessions') }}
    where user_key is not null and started_on is not null
),

weeks as (
    select distinct vendor, active_week from active
),

{#- Of the users who were first seen before the data begins, only those who came back are known: they are left out. -#}
cohorts as (
    select distinct active.vendor, active.user_key, {{ session_analytics.monday('users.first_seen_on') }} as cohort_week
    from active
    inner join {{ ref('users') }} as users on users.user_key = active.user_key
    inner join (select vendor, min(active_week) as first_week from weeks group by vendor) as beginnings
        on beginnings.vendor = active.vendor
        and {{ session_analytics.monday('users.first_seen_on') }} >= beginnings.first_week
),

sizes as (
    select vendor, cohort_week, count(*) as cohort_users
    from cohorts
    group by vendor, cohort_week
),

returned as (
    select cohorts.vendor, cohorts.cohort_week, active.active_week, count(*) as active_users
    from cohorts
    inner join active on active.user_key = cohorts.user_key
    group by cohorts.vendor, cohorts.cohort_week, active.active_week
)

select
    {{ session_analytics.key(['sizes.vendor', 'sizes.cohort_week', 'weeks.active_week']) }} as retention_key,
    sizes.vendor,
    sizes.cohort_week,
    weeks.active_week,
    {{ session_analytics.weeks_between('sizes.cohort_week', 'weeks.active_week') }} as week_number,
    sizes.cohort_users,
    coalesce(returned.active_users, 0) as active_users,
    cast(coalesce(returned.active_users, 0) as {{ session_analytics.type_of('number') }})
        / sizes.cohort_users as retained
from sizes
inner join weeks on weeks.vendor = sizes.vendor and weeks.active_week >= sizes.cohort_week
left join returned
    on returned.vendor = sizes.vendor
    and returned.cohort_week = sizes.cohort_week
    and returned.active_week = weeks.active_week
