"""What Terraform's files promise: evaluated with the example values of each environment, and asked of emulators."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from support.aws.server import REGION
from support.deploy.terraform import MODULES, TERRAFORM, Applied, module_at, references, values_in

if TYPE_CHECKING:
    from pathlib import Path

    from support.aws.server import AwsPlace

ENVIRONMENTS = ("dev", "prod")
INFRA = {
    "vpc_id": "vpc-1",
    "private_subnet_ids": ["subnet-1", "subnet-2"],
    "private_route_table_ids": ["rtb-1"],
    "ecs_cluster_name": "story-tts-cluster",
    "queue_url": "https://sqs.us-east-1.amazonaws.com/111111111111/story-sqs-queue-tts",
    "dead_letter_queue_url": "https://sqs.us-east-1.amazonaws.com/111111111111/story-sqs-queue-tts-failed",
    "output_bucket": "stories",
    "table_name": "story-tasks",
    "task_role_arn": "arn:aws:iam::111111111111:role/task",
    "execution_role_arn": "arn:aws:iam::111111111111:role/execution",
    "vpc_endpoint_security_group_ids": ["sg-1"],
}
"""The outputs of the other stack, by the names that are the defaults here."""


def stack(environment: str = "prod", *, infra: dict[str, Any] | None = None, **given: Any) -> Applied:
    """The whole, with the example values of an environment."""
    values = values_in((TERRAFORM / "environments" / environment / "terraform.tfvars.example").read_text())
    outputs = INFRA if infra is None else infra
    return Applied(module_at(TERRAFORM), values | given, {"terraform_remote_state.infra": {"outputs": outputs}})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_variable_is_typed_described_and_used(path: Path) -> None:
    module = module_at(path)
    named = references(module.text)
    for name, body in module.variables.items():
        assert body.get("type"), name
        assert len(body.get("description", "")) > 10, name
        assert f"var.{name}" in named, f"{name} is not used"
    for name, body in module.outputs.items():
        assert len(body.get("description", "")) > 10, name
    locals_ = {name for block in module.blocks.get("locals", []) for name in block if not name.startswith("__")}
    assert {each for each in named if each.startswith("local.")} == {f"local.{name}" for name in locals_}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_files_are_formatted(path: Path) -> None:
    """Two spaces, no tabs, and equals signs of neighbours aligned behind the longest name, as by `terraform fmt`."""
    for file in path.glob("*.tf"):
        run: list[int] = []
        gaps: list[int] = []
        for line in [*file.read_text().splitlines(), ""]:
            assert line == line.rstrip()
            assert "\t" not in line
            assert (len(line) - len(line.lstrip())) % 2 == 0, f"{file.name}: {line}"
            found = re.match(r"\s*[\w\"-]+\s*(?==(?!=))", line)
            is_whole = found is not None and not line.endswith(("{", "[", "("))
            if found is not None and is_whole:
                run.append(found.end())
                gaps.append(len(found.group()) - len(found.group().rstrip()))
                continue
            assert len(set(run)) <= 1, f"{file.name}, before: {line}"
            assert min(gaps, default=1) == 1, f"{file.name}, before: {line}"
            run, gaps = [], []


def test_the_page_of_the_modules_is_up_to_date() -> None:
    """`make docs` writes it."""
    module_at(TERRAFORM)  # skips where python-hcl2 is missing
    done = subprocess.run([sys.executable, str(TERRAFORM / "readme.py"), "--check"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_reference_leads_somewhere(environment: str) -> None:
    """Every expression of every resource and output has a value, with everything made here and with nothing."""
    for create in ([], ["cluster", "queues", "bucket", "table", "roles", "vpc_endpoints"]):
        whole = stack(environment, create=create)
        assert whole.problems() == []
        for name in ("infra", "stories"):
            called = whole.call(name)
            assert called.problems() == []
            assert called.resources()
            assert called.outputs()
        assert whole.outputs()["service_name"] == "story-tts-service"


def test_nothing_of_the_other_stack_is_made_unless_it_is_asked_for() -> None:
    made = {name: len(each) for name, each in stack().call("infra").resources().items()}
    assert set(made.values()) == {0}


@pytest.mark.parametrize("part", ["cluster", "queues", "bucket", "table", "roles", "vpc_endpoints"])
def test_each_part_is_made_by_its_own_switch(part: str) -> None:
    kinds = {
        "cluster": "aws_ecs_cluster.this",
        "queues": "aws_sqs_queue.stories",
        "bucket": "aws_s3_bucket.stories",
        "table": "aws_dynamodb_table.tasks",
        "roles": "aws_iam_role.task",
        "vpc_endpoints": "aws_vpc_endpoint.interface",
    }
    made = {name for name, each in stack(create=[part]).call("infra").resources().items() if each}
    assert [name for name in kinds.values() if name in made] == [kinds[part]]


def test_protected_data_has_versions_recovery_and_no_deletion() -> None:
    made = stack(create=["bucket", "table"], replica_region="eu-west-1").call("infra").resources()
    assert made["aws_s3_bucket_versioning.stories"]
    (table,) = made["aws_dynamodb_table.tasks"]
    assert table["deletion_protection_enabled"] is True
    assert table["point_in_time_recovery"] == [{"enabled": True}]
    assert table["replica"] == [{"region_name": "eu-west-1", "point_in_time_recovery": True}]
    assert (table["hash_key"], table["range_key"]) == ("id", "task_id")


def test_the_bucket_is_copied_into_another_one() -> None:
    """Only with versions, which replication needs."""
    copies = "arn:aws:s3:::stories-in-ireland"
    made = stack(create=["bucket"], protect_data=True, replica_bucket_arn=copies).call("infra").resources()
    (copied,) = made["aws_s3_bucket_replication_configuration.stories"]
    (rule,) = copied["rule"]
    assert (rule["status"], rule["destination"][0]["bucket"]) == ("Enabled", copies)
    assert made["aws_iam_role_policy.replication"]
    for given in ({"create": ["bucket"], "protect_data": False}, {"protect_data": True}):
        assert "needs protect_data = true" in "".join(stack(replica_bucket_arn=copies, **given).problems())


@pytest.mark.parametrize(
    ("references", "allowed"),
    [
        (
            {"A": "arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf"},
            ["arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf"],
        ),
        (
            {
                "A": "arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf:key::",
                "B": "arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf:other:AWSCURRENT:",
            },
            ["arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf"],
        ),
        ({"A": "arn:aws:ssm:us-east-1:1:parameter/a/b"}, ["arn:aws:ssm:us-east-1:1:parameter/a/b"]),
    ],
)
def test_a_secret_is_allowed_by_the_name_that_iam_knows(references: dict[str, str], allowed: list[str]) -> None:
    """A container may name a JSON key and a version of it; ECS reads the whole secret."""
    assert stack(secrets=references).call("infra").values["secret_arns"] == allowed


def test_a_value_that_is_nowhere_is_asked_for_by_name() -> None:
    """With all three ways to give it."""
    called = stack(infra={}).call("stories")
    problems = "\n".join(called.problems())
    for name in ("queue_url", "output_bucket", "table_name", "task_role_arn", "execution_role_arn", "vpc_id"):
        assert f"{name} is missing: name the other stack's output in infra_outputs" in problems
    assert "Two subnets" in problems


def test_outputs_of_other_names_and_values_by_hand_are_taken() -> None:
    infra = {name: value for name, value in INFRA.items() if name not in {"vpc_id", "table_name", "private_subnet_ids"}}
    called = stack(
        infra=infra | {"main_vpc": "vpc-9"},
        infra_outputs={"vpc_id": "main_vpc"},
        infra_values={"table_name": "theirs", "subnet_ids": "subnet-8,subnet-9"},
    ).call("stories")
    assert called.values["vpc_id"] == "vpc-9"
    assert called.values["table_name"] == "theirs"
    assert called.values["subnet_ids"] == ["subnet-8", "subnet-9"]


def test_the_service_is_as_its_users_know_it() -> None:
    made = stack().call("stories").resources()
    (service,) = made["aws_ecs_service.app"]
    assert service["name"] == "story-tts-service"
    assert service["cluster"] == "story-tts-cluster"
    assert service["deployment_circuit_breaker"] == [{"enable": True, "rollback": True}]
    assert len(service["network_configuration"][0]["subnets"]) == 2
    (logs,) = made["aws_cloudwatch_log_group.app"]
    assert (logs["name"], logs["retention_in_days"]) == ("/ecs/story-tts", 30)
    (namespace,) = made["aws_service_discovery_private_dns_namespace.app"]
    assert namespace["name"] == "story-tts.local"
    (repository,) = made["aws_ecr_repository.app"]
    assert repository["image_scanning_configuration"] == [{"scan_on_push": True}]
    rules = json.loads(made["aws_ecr_lifecycle_policy.app"][0]["policy"])["rules"]
    assert rules[0]["selection"]["tagPatternList"] == ["stories-*"]


def test_twenty_versions_stay_in_the_repository() -> None:
    """The pipeline pushes a name for each architecture and one for both, of six images."""
    (policy,) = stack().call("stories").resources()["aws_ecr_lifecycle_policy.app"]
    stories, every, _ = (rule["selection"] for rule in json.loads(policy["policy"])["rules"])
    assert stories["countNumber"] == 20 * 3
    assert (every["tagPatternList"], every["countNumber"]) == (["*"], 20 * 3 * 6)


def test_a_changed_number_of_tasks_does_not_replace_the_service() -> None:
    """Terraform replaces a service when its capacity providers change, unless a deployment is forced."""
    (service,) = stack().call("stories").resources()["aws_ecs_service.app"]
    assert service["force_new_deployment"] is True


@pytest.mark.parametrize("share", [0, 30, 100])
def test_the_least_number_of_tasks_is_never_on_spot(share: int) -> None:
    (service,) = stack(spot_share=share, app_count=2).call("stories").resources()["aws_ecs_service.app"]
    providers = {each["capacity_provider"]: each for each in service["capacity_provider_strategy"]}
    assert (providers["FARGATE"]["base"], providers["FARGATE"]["weight"]) == (2, max(1, 100 - share))
    assert providers.get("FARGATE_SPOT", {}).get("weight", 0) == share


def task_definition(applied: Applied) -> dict[str, Any]:
    """As the SDK takes it."""
    (made,) = applied.resources()["aws_ecs_task_definition.app"]
    platform, storage = made["runtime_platform"][0], made["ephemeral_storage"][0]
    return {
        "family": made["family"],
        "requiresCompatibilities": made["requires_compatibilities"],
        "networkMode": made["network_mode"],
        "cpu": str(made["cpu"]),
        "memory": str(made["memory"]),
        "executionRoleArn": made["execution_role_arn"],
        "taskRoleArn": made["task_role_arn"],
        "containerDefinitions": json.loads(made["container_definitions"]),
        "runtimePlatform": {
            "operatingSystemFamily": platform["operating_system_family"],
            "cpuArchitecture": platform["cpu_architecture"],
        },
        "ephemeralStorage": {"sizeInGiB": storage["size_in_gib"]},
        "volumes": [{"name": volume["name"]} for volume in made["volume"]],
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_ecs_registers_the_task_definition(aws_place: AwsPlace, environment: str) -> None:
    """The SDK's own model validates every field, and an emulator keeps it."""
    secret = "arn:aws:secretsmanager:us-east-1:111111111111:secret:openai"  # noqa: S105 -- a name
    called = stack(environment, secrets={"OPENAI_API_KEY": secret}).call("stories")
    definition = task_definition(called)
    ecs = boto3.client(
        "ecs",
        region_name=REGION,
        endpoint_url=aws_place.url,
        aws_access_key_id="key",
        aws_secret_access_key="hush-hush",  # noqa: S106 -- moto takes any
    )
    answer = ecs.register_task_definition(**definition)["taskDefinition"]
    assert (answer["family"], answer["cpu"], answer["memory"]) == ("story-tts", "1024", "2048")
    (container,) = answer["containerDefinitions"]
    assert container["image"].endswith(":stories-1.0.0")
    assert container["secrets"] == [{"name": "OPENAI_API_KEY", "valueFrom": secret}]
    variables = {each["name"]: each["value"] for each in container["environment"]}
    assert variables["QUEUE_URL"] == INFRA["queue_url"]
    assert float(variables["SAYSO_SHUTDOWN_SECONDS"]) < container["stopTimeout"] == 120
    assert container["healthCheck"]["command"] == ["CMD-SHELL", "curl -fsS http://localhost:8000/healthz || exit 1"]
    assert (container["healthCheck"]["interval"], container["healthCheck"]["timeout"]) == (30, 5)


def test_the_image_declares_what_the_task_mounts() -> None:
    """Only so does a volume of Fargate belong to the user of the image, who is not root."""
    (container,) = task_definition(stack().call("stories"))["containerDefinitions"]
    dockerfile = (TERRAFORM.parent / "docker" / "Dockerfile").read_text()
    stage = dockerfile.partition("FROM full AS stories\n")[2].partition("FROM ")[0]
    declared = json.loads(stage.partition("VOLUME ")[2].splitlines()[0])
    assert sorted(declared) == sorted(mount["containerPath"] for mount in container["mountPoints"])


def test_every_variable_of_the_container_is_a_setting_of_its_role() -> None:
    from sayso.bootstrap.roles import ROLES
    from sayso.settings.settings import variables

    (container,) = task_definition(stack().call("stories"))["containerDefinitions"]
    known = {each for field in ROLES["stories"].settings().model_fields.values() for each in variables(field)}
    assert {each["name"] for each in container["environment"]} <= known | {"SAYSO_ENVIRONMENT"}


def test_the_role_of_the_worker_may_do_what_the_worker_does_and_no_more() -> None:
    """The permissions are those that docs/design/jobs.md names; none is for everything."""
    statements = stack(create=["roles"]).call("infra").documents()["aws_iam_policy_document.task"]["statement"]
    actions = {action for each in statements for action in each["actions"]}
    assert actions == {
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"),
        *("sqs:SendMessage", "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:Query"),
        *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucket"),
        *("ecs:GetTaskProtection", "ecs:UpdateTaskProtection"),
    }
    assert not any("*" in action for action in actions)
    assert not any(resource == "*" for each in statements for resource in each["resources"])


def test_a_long_story_in_hand_is_not_a_message_that_waits() -> None:
    """The age of SQS counts messages in hand, too."""
    (alarm,) = stack().call("stories").resources()["aws_cloudwatch_metric_alarm.oldest_message"]
    (returned,) = [query for query in alarm["metric_query"] if query.get("return_data")]
    assert returned["expression"] == "IF(waiting > 0, age, 0)"
    assert {query["id"] for query in alarm["metric_query"]} == {"waits", "age", "waiting"}


def allowed(**given: Any) -> set[str]:
    """What the policy of a task role that is made here names."""
    document = stack(create=["roles"], **given).call("infra").documents()["aws_iam_policy_document.task"]
    return {resource.rpartition(":")[2] for each in document["statement"] for resource in each["resources"]}


def test_a_role_made_here_may_use_what_the_other_stack_owns() -> None:
    """Its queue, table, bucket and cluster have other names than what would be made here."""
    theirs = {
        "queue_url": "https://sqs.us-east-1.amazonaws.com/1/theirs",
        "dead_letter_queue_url": "https://sqs.us-east-1.amazonaws.com/1/theirs-dead",
        "output_bucket": "their-bucket",
        "table_name": "their-table",
        "ecs_cluster_name": "their-cluster",
    }
    expected = {"theirs", "theirs-dead", "table/their-table", "their-bucket", "their-bucket/*", "task/their-cluster/*"}
    assert allowed(infra=INFRA | theirs) == expected
    without = {name: value for name, value in INFRA.items() if name != "dead_letter_queue_url"}
    assert "" not in allowed(infra=without)
    assert not any(each.endswith("-failed") for each in allowed(infra=without))


def test_alarms_and_dashboard_name_what_is_there() -> None:
    made = stack().call("stories").resources()
    alarms = {name: each[0] for name, each in made.items() if name.startswith("aws_cloudwatch_metric_alarm.")}
    assert len(alarms) == 4
    metrics = [
        metric
        for alarm in alarms.values()
        for metric in (
            [alarm] if "dimensions" in alarm else [m for q in alarm["metric_query"] for m in q.get("metric", [])]
        )
    ]
    queues = {each["dimensions"].get("QueueName") for each in metrics} - {None}
    assert queues == {"story-sqs-queue-tts", "story-sqs-queue-tts-failed"}
    widgets = json.loads(made["aws_cloudwatch_dashboard.app"][0]["dashboard_body"])["widgets"]
    assert [widget["type"] for widget in widgets] == ["metric"] * 4 + ["log"]
