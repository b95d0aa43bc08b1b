bucket = "my-terraform-state"
key    = "story-tts/prod/terraform.tfstate"
region = "us-east-1"
