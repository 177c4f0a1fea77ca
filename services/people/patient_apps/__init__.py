"""Apps that patients let read their own record: SMART App Launch, public clients."""

from services.people.patient_apps.allowed import (
    AllowedApp as AllowedApp,
    end as end,
    list_allowed as list_allowed,
    list_reading as list_reading,
)
from services.people.patient_apps.consenting import (
    TOKEN_LIFETIME as TOKEN_LIFETIME,
    RedeemedCode as RedeemedCode,
    allow as allow,
    forget as forget,
    issue_token as issue_token,
    redeem as redeem,
)
from services.people.patient_apps.records import (
    NoSuchApp as NoSuchApp,
    PatientApp as PatientApp,
    find_app as find_app,
    list_apps as list_apps,
)
from services.people.patient_apps.registering import (
    APP_TYPES as APP_TYPES,
    MOST_ADDRESSES as MOST_ADDRESSES,
    register as register,
    remove as remove,
)
