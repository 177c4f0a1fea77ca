"""What a server need not search for in the installed packages."""

from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.manifest_scanner import scan_component_manifests

from dashboard.web import warming


def test_no_required_package_brings_components():
    assert not scan_component_manifests()


def test_a_server_looks_for_none(monkeypatch):
    monkeypatch.setattr(
        BidiComponentManager,
        "discover_and_register_components",
        BidiComponentManager.discover_and_register_components,
    )
    looked = []
    monkeypatch.setattr(
        "streamlit.components.v2.manifest_scanner.scan_component_manifests",
        lambda: looked.append(1) or [],
    )

    warming.skip_component_search()
    BidiComponentManager().discover_and_register_components()

    assert not looked
