"""What customers are told: texts for what happened, and how a message leaves the house."""
