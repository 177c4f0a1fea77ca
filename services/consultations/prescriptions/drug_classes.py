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
