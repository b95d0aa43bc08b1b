"""Jobs from SQS."""

from sayso.jobs.sqs.queue import SqsQueue
from sayso.jobs.sqs.redrive import Redriven, redrive

__all__ = ["Redriven", "SqsQueue", "redrive"]
