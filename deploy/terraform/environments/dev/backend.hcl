bucket = "my-terraform-state"
key    = "story-tts/dev/terraform.tfstate"
region = "us-east-1"
