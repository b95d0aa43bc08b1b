"""Jobs from SQS."""

from sayso.jobs.sqs.queue import SqsQueue
from sayso.jobs.sqs.redrive import Redriven, redrive
from sayso.jobs.sqs.remote import SAME_QUEUE, SAME_QUEUE_HINT, is_same_queue

__all__ = ["SAME_QUEUE", "SAME_QUEUE_HINT", "Redriven", "SqsQueue", "is_same_queue", "redrive"]
