"""Lists of drugs and diagnoses: built in, a clinic's own, or both; and their import."""

from services.consultations.code_lists.cache import CodeListCache as CodeListCache
from services.consultations.code_lists.changing import (
    choose as choose,
    compare as compare,
    import_list as import_list,
)
from services.consultations.code_lists.csv_files import (
    COLUMNS as COLUMNS,
    MAX_BYTES as MAX_BYTES,
    CodeFile as CodeFile,
    LineProblem as LineProblem,
    open_list as open_list,
    parse as parse,
)
from services.consultations.code_lists.model import (
    CHANNEL as CHANNEL,
    CodeListState as CodeListState,
    ListChanges as ListChanges,
    ListKind as ListKind,
    ListSource as ListSource,
)
from services.consultations.code_lists.reading import (
    diagnoses as diagnoses,
    drugs as drugs,
    list_states as list_states,
)
