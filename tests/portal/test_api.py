"""The same content as data."""

import json

from tests.portal import city


def test_a_subject_as_data_has_exact_numbers_as_text(client, numbers):
    answer = client.get(f"/api/subjects/{numbers[city.WORKS]}").json()
    wendeng, food = answer["standings"]
    assert (wendeng["policy"], wendeng["grade"], wendeng["score"]) == ("cn-wendeng", "B", "933")
    assert food["outcome"] == "not rated"
    entry = next(one for one in wendeng["entries"] if one["times"] == "2")
    assert (entry["points"], entry["base"], entry["status"]) == ("-60", "-30", "ended")
    assert entry["record"]["document"] == "court-2024-002"
    assert not any(isinstance(value, float) for value in _values(answer))


def _values(tree: object) -> list[object]:
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in _values(value)]
    if isinstance(tree, list):
        return [leaf for value in tree for leaf in _values(value)]
    return [tree]


def test_page_and_data_say_the_same(client, numbers):
    told = client.get(f"/api/subjects/{numbers[city.WORKS]}", params={"on": "2024-03-01"}).json()["standings"][0]
    page = client.get(f"/subjects/{numbers[city.WORKS]}", params={"on": "2024-03-01"}).text
    assert f"<b>{told['score']}</b>" in page
    for entry in told["entries"]:
        assert entry["record"]["document"] in page


def test_policies_and_sources_as_data(client):
    policy = client.get("/api/policies/cn-wendeng").json()
    assert len(policy["hash"]) == 64
    assert policy["files"]["items-persons.yaml"][0]["points"] == "-20"
    sources = {one["source"]["id"]: one for one in client.get("/api/sources").json()}
    assert sources["tax"]["source"]["defects"][0] == {"kind": "misspelt-name", "share": "0.012"}
    assert sources["tax"]["deliveries"][0]["refused"] == 2


def test_problems_are_problem_details_in_the_language_asked_for(client):
    answer = client.get("/api/policies/none", headers={"accept-language": "nl"})
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404
    assert answer.json()["title"] == "Deze pagina bestaat niet"


def test_the_api_describes_itself_without_scripts(client):
    schema = client.get("/schema").json()
    assert set(schema["paths"]) == {
        "/api/subjects",
        "/api/subjects/{number}",
        "/api/policies/{name}",
        "/api/sources",
        "/api/sources/{name}/deliveries",
        "/api/sources/{name}/deliveries/{number}/refusals",
        "/api/sources/{name}/held",
    }
    assert client.get("/schema/openapi.yaml").status_code == 200
    assert "<script" not in client.get("/schema").text
    assert "float" not in json.dumps(schema["components"])


def test_a_look_up_gives_candidates_with_reasons_and_no_person(client, numbers):
    (hit,) = client.get("/api/subjects", params={"q": "Chengunag", "date": "2001-01-01"}).json()
    assert hit["number"] == numbers[city.BAKERY]
    assert 0 < float(hit["score"]) < 1
    assert "date-unknown" in {one["code"] for one in hit["reasons"]}
    for person in ("李雪", "Li Xue", city.LI, "Xiaoman", "", "x" * 10_000):
        assert client.get("/api/subjects", params={"q": person}).json() == []
