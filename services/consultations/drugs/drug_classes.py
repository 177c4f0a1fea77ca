"""Classes of drugs, so that an allergy to one warns of the others.

International nonproprietary names (WHO), by the group in which allergies are reported.
This is no interaction database: a reminder for common groups, not a licensed knowledge
base.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CLASSES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset(members.split())
        for name, members in {
            "penicillins": (
                "penicillin benzylpenicillin phenoxymethylpenicillin amoxicillin "
                "ampicillin flucloxacillin dicloxacillin cloxacillin oxacillin "
                "piperacillin pivmecillinam mecillinam temocillin ticarcillin "
                "mezlocillin azlocillin bacampicillin sultamicillin sulbactam "
                "tazobactam co-amoxiclav augmentin"
            ),
            "cephalosporins": (
                "cefalexin cephalexin cefaclor cefuroxime cefadroxil cefixime "
                "cefotaxime ceftazidime ceftriaxone cefpodoxime cefazolin cefepime "
                "cefdinir cefoxitin ceftaroline cefditoren cefprozil ceftibuten "
                "cefotetan cefiderocol ceftobiprole ceftolozane cefradine cefalotin"
            ),
            "carbapenems": "imipenem meropenem ertapenem doripenem",
            "sulfonamides": (
                "sulfonamide sulfamethoxazole sulfadiazine sulfasalazine sulfadoxine "
                "co-trimoxazole trimethoprim-sulfamethoxazole sulfacetamide bactrim"
            ),
            "macrolides": (
                "erythromycin clarithromycin azithromycin roxithromycin fidaxomicin "
                "josamycin spiramycin telithromycin"
            ),
            "tetracyclines": (
                "tetracycline doxycycline minocycline lymecycline oxytetracycline "
                "demeclocycline tigecycline eravacycline omadacycline"
            ),
            "fluoroquinolones": (
                "ciprofloxacin levofloxacin moxifloxacin ofloxacin norfloxacin "
                "gemifloxacin delafloxacin enoxacin"
            ),
            "aminoglycosides": (
                "gentamicin tobramycin amikacin neomycin streptomycin netilmicin "
                "kanamycin paromomycin framycetin plazomicin"
            ),
            "NSAIDs": (
                "nsaid aspirin ibuprofen naproxen diclofenac indometacin indomethacin "
                "ketoprofen ketorolac meloxicam piroxicam etoricoxib celecoxib "
                "mefenamic flurbiprofen acetylsalicylic dexketoprofen dexibuprofen "
                "lornoxicam tenoxicam nabumetone nepafenac bromfenac aceclofenac "
                "etodolac sulindac parecoxib nimesulide tiaprofenic tolfenamic "
                "phenylbutazone"
            ),
            # People in whom aspirin causes asthma or hives must not have these either.
            "pyrazolones": (
                "metamizole metamizol dipyrone novaminsulfon phenazone propyphenazone"
            ),
            "opioids": (
                "opioid opiate morphine codeine dihydrocodeine oxycodone hydrocodone "
                "hydromorphone oxymorphone diamorphine tramadol fentanyl alfentanil "
                "remifentanil sufentanil buprenorphine tapentadol methadone "
                "levomethadone pethidine meperidine meptazinol nalbuphine pentazocine "
                "butorphanol pholcodine piritramide tilidine co-codamol co-dydramol"
            ),
            "ACE inhibitors": (
                "captopril enalapril lisinopril perindopril quinapril ramipril "
                "benazepril fosinopril trandolapril cilazapril imidapril moexipril "
                "zofenopril"
            ),
            "statins": (
                "statin atorvastatin fluvastatin lovastatin pravastatin rosuvastatin "
                "simvastatin pitavastatin"
            ),
            "local anaesthetics": (
                "lidocaine lignocaine bupivacaine levobupivacaine mepivacaine "
                "articaine prilocaine ropivacaine tetracaine amethocaine benzocaine "
                "procaine chloroprocaine oxybuprocaine proxymetacaine cinchocaine"
            ),
            "heparins": (
                "heparin enoxaparin dalteparin tinzaparin nadroparin certoparin "
                "bemiparin fondaparinux danaparoid"
            ),
        }.items()
    }
)
# How people note an allergy to a whole class, in English and in German, in lower case
# without accents. Whole words where the name of another drug contains the same:
# magnesium sulfate is no sulfa drug, and nystatin no statin.
_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        name: re.compile(pattern)
        for name, pattern in {
            "penicillins": "penicillin|penizillin|beta-? ?la[ck]tam",
            "cephalosporins": "[ckz]e(ph|f)alosporin|beta-? ?la[ck]tam",
            "carbapenems": "carbapenem|beta-? ?la[ck]tam",
            "sulfonamides": r"sul(f|ph)onamid|\bsul(f|ph)as?\b",
            "macrolides": "ma[ck]rolid",
            "tetracyclines": "tetra[cz]y[ck]lin",
            "fluoroquinolones": "quinolon|chinolon|gyrasehemmer",
            "aminoglycosides": "aminogly[ck]osid",
            "NSAIDs": r"\bnsaids?\b|\bnsar\b|non-? ?steroidal anti|antirheumatika",
            "pyrazolones": "pyra[sz]olon",
            "opioids": "opioid|opiat",
            "ACE inhibitors": r"\bace[ -]?(inhibitor|hemmer)",
            "statins": r"\bstatine?s?\b|vastatin|cse[ -]?hemmer",
            "local anaesthetics": "local ana?esthetic|lokalan(a|ae)sthe",
            "heparins": "heparin",
        }.items()
    }
)
# Classes with known occasional cross-allergies.
RELATED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "penicillins": frozenset({"cephalosporins", "carbapenems"}),
        "cephalosporins": frozenset({"penicillins", "carbapenems"}),
        "carbapenems": frozenset({"penicillins", "cephalosporins"}),
        "NSAIDs": frozenset({"pyrazolones"}),
        "pyrazolones": frozenset({"NSAIDs"}),
    }
)
# The same by prefixes of the WHO's ATC codes, which a clinic's own drugs may have: a
# brand name does not name a substance.
_ATC: Final[Mapping[str, str]] = MappingProxyType(
    {
        code: name
        for name, codes in {
            "penicillins": "J01C",
            "cephalosporins": "J01DB J01DC J01DD J01DE J01DI",
            "carbapenems": "J01DH",
            "sulfonamides": "J01EB J01EC J01ED J01EE A07EC01 D06BA S01AB",
            "macrolides": "J01FA A07AA12 D10AF02 S01AA17 S01AA26",
            "tetracyclines": "J01AA D06AA S01AA09",
            "fluoroquinolones": "J01MA J01MB S01AE",
            "aminoglycosides": "J01G A07AA01 D06AX04 D06AX07 S01AA11 S01AA12",
            # Including aspirin against clots, and drugs for the skin or the eyes.
            "NSAIDs": "M01A M01BA N02BA B01AC06 B01AC56 M02AA S01BC R02AX01",
            "pyrazolones": "N02BB",
            # Including those for anaesthesia, coughs and dependence.
            "opioids": (
                "N02A N01AH R05DA03 R05DA04 R05DA08 N07BC01 N07BC02 N07BC05 N07BC51"
            ),
            "ACE inhibitors": "C09A C09B",
            "statins": "C10AA C10BA0 C10BA11 C10BA12 C10BX",
            "local anaesthetics": "N01BA N01BB C05AD D04AB R02AD S01HA",
            "heparins": "B01AB B01AX05 C05BA03",
        }.items()
        for code in codes.split()
    }
)


def classes_named_in(text: str) -> frozenset[str]:
    """Return the classes that a text names; it must be in the form of `plain`."""
    matching = (name for name, known in _PATTERNS.items() if known.search(text))
    return frozenset(matching)


def class_of_atc(code: str) -> str | None:
    """Return the class to which an ATC code belongs, or None."""
    return next((name for start, name in _ATC.items() if code.startswith(start)), None)
