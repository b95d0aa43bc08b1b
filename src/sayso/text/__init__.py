"""From a document to a script: structure, sentences, spoken forms and pauses, each with its place in the source."""
