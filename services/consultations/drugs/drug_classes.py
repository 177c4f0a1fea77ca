"""Which drugs belong together, so that an allergy to one warns of the others.

International nonproprietary names (WHO), by the group that allergies are told of. No
interaction database: a help to memory for common groups, not a licensed knowledge base.
"""

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
                "piperacillin pivmecillinam temocillin co-amoxiclav augmentin"
            ),
            "cephalosporins": (
                "cefalexin cephalexin cefaclor cefuroxime cefadroxil cefixime "
                "cefotaxime ceftazidime ceftriaxone cefpodoxime cefazolin cefepime"
            ),
            "carbapenems": "imipenem meropenem ertapenem doripenem",
            "sulfonamides": (
                "sulfonamide sulfamethoxazole sulfadiazine sulfasalazine "
                "co-trimoxazole trimethoprim-sulfamethoxazole sulfacetamide bactrim"
            ),
            "macrolides": "erythromycin clarithromycin azithromycin roxithromycin",
            "tetracyclines": "tetracycline doxycycline minocycline lymecycline",
            "fluoroquinolones": (
                "ciprofloxacin levofloxacin moxifloxacin ofloxacin norfloxacin"
            ),
            "aminoglycosides": "gentamicin tobramycin amikacin neomycin streptomycin",
            "NSAIDs": (
                "nsaid aspirin ibuprofen naproxen diclofenac indometacin indomethacin "
                "ketoprofen ketorolac meloxicam piroxicam etoricoxib celecoxib "
                "mefenamic flurbiprofen acetylsalicylic"
            ),
            "opioids": (
                "opioid opiate morphine codeine dihydrocodeine oxycodone hydrocodone "
                "hydromorphone tramadol fentanyl buprenorphine tapentadol methadone"
            ),
            "ACE inhibitors": (
                "captopril enalapril lisinopril perindopril quinapril ramipril "
                "benazepril fosinopril trandolapril"
            ),
            "statins": (
                "statin atorvastatin fluvastatin lovastatin pravastatin rosuvastatin "
                "simvastatin pitavastatin"
            ),
            "local anaesthetics": (
                "lidocaine lignocaine bupivacaine mepivacaine articaine prilocaine "
                "ropivacaine"
            ),
            "heparins": (
                "heparin enoxaparin dalteparin tinzaparin nadroparin fondaparinux"
            ),
        }.items()
    }
)
# Allergies to the one are known to mean the other now and then.
RELATED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "penicillins": frozenset({"cephalosporins", "carbapenems"}),
        "cephalosporins": frozenset({"penicillins", "carbapenems"}),
        "carbapenems": frozenset({"penicillins", "cephalosporins"}),
    }
)
# The same by the WHO's ATC codes, of which a clinic's own drugs may have one: a brand
# names no substance. Each begins with one of these.
_ATC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "J01C": "penicillins",
        "J01DB": "cephalosporins",
        "J01DC": "cephalosporins",
        "J01DD": "cephalosporins",
        "J01DE": "cephalosporins",
        "J01DH": "carbapenems",
        "J01EB": "sulfonamides",
        "J01EC": "sulfonamides",
        "J01ED": "sulfonamides",
        "J01EE": "sulfonamides",
        "J01FA": "macrolides",
        "J01AA": "tetracyclines",
        "J01MA": "fluoroquinolones",
        "J01G": "aminoglycosides",
        "M01A": "NSAIDs",
        "N02BA": "NSAIDs",
        "N02A": "opioids",
        "C09A": "ACE inhibitors",
        "C09B": "ACE inhibitors",
        "C10AA": "statins",
        "N01BB": "local anaesthetics",
        "B01AB": "heparins",
    }
)


def class_of_atc(code: str) -> str | None:
    """Return the class that an ATC code stands for, if it is one of these."""
    return next((name for start, name in _ATC.items() if code.startswith(start)), None)
