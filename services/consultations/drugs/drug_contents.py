"""Other names of a substance, and the substances in drugs with names of their own.

Acetaminophen is paracetamol, and codeine is half of co-codamol: whoever is allergic to
one must be warned of the other. Every brand in `drugs.csv` is listed here, so that none
is recognised and yet passes for safe because its content is unknown.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

# Names of one substance on each line: as the WHO, the USA and Germany write it, as
# words in the form of `words_of`, and the abbreviations in which allergies are noted.
_SAME: Final = tuple(
    frozenset(names.split())
    for names in (
        "paracetamol acetaminophen apap",
        "aspirin acetylsalicylic acetylsalicylsaure acetylsalicylate ass asa",
        "penicillin penizillin pcn",
        "salbutamol albuterol",
        "adrenaline epinephrine",
        "noradrenaline norepinephrine",
        "isoprenaline isoproterenol",
        "glibenclamide glyburide",
        "pethidine meperidine",
        "chlorphenamine chlorpheniramine",
        "lidocaine lignocaine",
        "tetracaine amethocaine",
        "procaine novocaine novocain",
        "indometacin indomethacin",
        "metamizole metamizol dipyrone novaminsulfon",
        "mesalazine mesalamine 5-asa",
        "cefalexin cephalexin",
        "sulfamethoxazole sulphamethoxazole smx",
        "trimethoprim tmp",
        "clavulanic clavulanate",
        "valproic valproate",
        "furosemide frusemide",
        "torasemide torsemide",
        "aciclovir acyclovir",
        "rifampicin rifampin",
        "ciclosporin cyclosporine cyclosporin",
        "levothyroxine thyroxine",
        "suxamethonium succinylcholine",
        "thiopental thiopentone",
        "phenobarbital phenobarbitone",
        "hyoscine scopolamine",
        "phytomenadione phytonadione",
        "hydroxycarbamide hydroxyurea",
        "trinitrate nitroglycerin",
        "leucovorin folinic",
        "macrogol polyethylene",
        "iron ferrous",
        "methotrexate mtx",
        "hydrochlorothiazide hctz hct",
    )
)
# The substances in combination drugs, and in the brands of `drugs.csv`.
_HELD: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset(substances.split())
        for name, substances in {
            "augmentin": "amoxicillin clavulanic",
            "bactrim": "sulfamethoxazole trimethoprim",
            "camila": "norethisterone",
            "co-amoxiclav": "amoxicillin clavulanic",
            "co-careldopa": "carbidopa levodopa",
            "co-codamol": "codeine paracetamol",
            "co-dydramol": "dihydrocodeine paracetamol",
            "co-trimoxazole": "sulfamethoxazole trimethoprim",
            "cotrimoxazole": "sulfamethoxazole trimethoprim",
            "cotrimoxazol": "sulfamethoxazole trimethoprim",
            "enovid": "mestranol norethynodrel",
            "enskyce": "desogestrel ethinylestradiol",
            "errin": "norethisterone",
            "estrostep": "ethinylestradiol norethisterone",
            "humulin": "insulin",
            "isophane": "insulin",
            "jolivette": "norethisterone",
            "kyleena": "levonorgestrel",
            "levora": "ethinylestradiol levonorgestrel",
            "liletta": "levonorgestrel",
            "mirena": "levonorgestrel",
            "natazia": "dienogest estradiol",
            "norinyl": "mestranol norethisterone",
            "nuvaring": "ethinylestradiol etonogestrel",
            "seasonique": "ethinylestradiol levonorgestrel",
            "sultamicillin": "ampicillin sulbactam",
            "tmp-smx": "sulfamethoxazole trimethoprim",
            "tri-cyclen": "ethinylestradiol norgestimate",
            "trinessa": "ethinylestradiol norgestimate",
            "verzenio": "abemaciclib",
        }.items()
    }
)
# Brands by their content, as allergies are reported in English and in German. None of
# them makes a drug recognised: a name that is one drug here is another elsewhere.
_BRANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amoxicillin": "amoxil clamoxyl",
        "amoxicillin clavulanic": "amoxiclav",
        "ampicillin sulbactam": "unacid unasyn",
        "benzylpenicillin": "bicillin tardocillin",
        "flucloxacillin": "floxapen staphylex",
        "phenoxymethylpenicillin": "isocillin megacillin",
        "piperacillin tazobactam": "tazobac tazocin zosyn",
        "pivmecillinam": "selexid",
        "cefaclor": "ceclor",
        "cefalexin": "keflex",
        "cefazolin": "ancef kefzol",
        "cefixime": "suprax",
        "cefotaxime": "claforan",
        "cefpodoxime": "orelox podomexef vantin",
        "ceftazidime": "fortum",
        "ceftriaxone": "rocephin",
        "cefuroxime": "ceftin elobact zinnat",
        "sulfamethoxazole trimethoprim": "cotrim eusaprim septra septrin",
        "sulfasalazine": "azulfidine salazopyrin",
        "azithromycin": "zithromax",
        "clarithromycin": "biaxin klacid",
        "roxithromycin": "rulid",
        "doxycycline": "vibramycin",
        "ciprofloxacin": "cipro ciprobay ciproxin",
        "levofloxacin": "levaquin tavanic",
        "moxifloxacin": "avalox avelox",
        "gentamicin": "refobacin",
        "clindamycin": "cleocin dalacin sobelin",
        "metronidazole": "clont flagyl",
        "nitrofurantoin": "furadantin macrobid",
        "vancomycin": "vancocin",
        "aspirin": "disprin ecotrin godamed",
        "aspirin paracetamol": "excedrin thomapyrin",
        "celecoxib": "celebrex",
        "diclofenac": "voltaren voltarol",
        "etoricoxib": "arcoxia",
        "ibuprofen": "advil brufen dolormin motrin nurofen",
        "ketorolac": "toradol",
        "meloxicam": "mobec mobic",
        "metamizole": "analgin berlosin novalgin",
        "naproxen": "aleve naprosyn proxen",
        "paracetamol": "ben-u-ron calpol panadol tylenol",
        "buprenorphine": "suboxone subutex temgesic",
        "fentanyl": "duragesic durogesic",
        "hydrocodone paracetamol": "norco vicodin",
        "hydromorphone": "dilaudid palladon",
        "oxycodone": "oxycontin oxygesic targin",
        "oxycodone paracetamol": "percocet",
        "pethidine": "demerol dolantin",
        "tilidine": "valoron",
        "tramadol": "tramal ultram zydol",
        "articaine": "septocaine ultracain",
        "bupivacaine": "carbostesin marcaine",
        "lidocaine": "xylocain xylocaine",
        "lidocaine prilocaine": "emla",
        "mepivacaine": "carbocaine scandicain",
        "ropivacaine": "naropin",
        "dalteparin": "fragmin",
        "enoxaparin": "clexane lovenox",
        "fondaparinux": "arixtra",
        "atorvastatin": "lipitor sortis",
        "rosuvastatin": "crestor",
        "simvastatin": "zocor",
        "enalapril": "vasotec xanef",
        "lisinopril": "prinivil zestril",
        "perindopril": "coversum coversyl",
        "ramipril": "altace delix tritace",
        "allopurinol": "zyloprim zyloric",
        "carbamazepine": "tegretal tegretol",
        "lamotrigine": "lamictal",
        "phenytoin": "dilantin",
        "valproate": "depakote ergenyl orfiril",
        "clopidogrel": "iscover plavix",
        "phenprocoumon": "falithrom marcumar",
        "warfarin": "coumadin",
        "cetirizine": "zyrtec",
        "diphenhydramine": "benadryl",
        "esomeprazole": "nexium",
        "omeprazole": "losec prilosec",
        "furosemide": "lasix",
        "levothyroxine": "euthyrox synthroid",
        "metformin": "glucophage",
        "salbutamol": "sultanol ventolin",
    }
)
_CONTENTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **{
            brand: frozenset(substances.split())
            for substances, brands in _BRANDS.items()
            for brand in brands.split()
        },
        **_HELD,
    }
)
_OTHER_NAMES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {name: names for names in _SAME for name in names}
)
# "ASA" and "5-ASA" would be too short for words that name a substance; these are
# allowed.
ABBREVIATIONS: Final = frozenset(
    {"5-asa", "asa", "ass", "hct", "mtx", "pcn", "smx", "tmp", "tmp-smx"}
)
# Words whose meaning is known here, apart from the names of a list.
KNOWN_WORDS: Final = _CONTENTS.keys() | _OTHER_NAMES.keys()


def with_substances(words: Iterable[str]) -> frozenset[str]:
    """Return the words, the substances in drugs of these names, and all synonyms."""
    named = frozenset(words)
    held = named.union(*(_CONTENTS.get(word, ()) for word in named))
    return held.union(*(_OTHER_NAMES.get(word, ()) for word in held))
