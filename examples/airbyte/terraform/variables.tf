variable "airbyte_api" {
  description = "The public API of an Airbyte that you run yourself."
  type        = string
  default     = "http://localhost:8000/api/public/v1"
}

variable "airbyte_client_id" {
  description = "Of an application under User settings > Applications in Airbyte."
  type        = string
  sensitive   = true
}

variable "airbyte_client_secret" {
  description = "Of the same application."
  type        = string
  sensitive   = true
}

variable "workspace_id" {
  description = "The workspace in which everything is made."
  type        = string
}

variable "destination_id" {
  description = "A destination that is there."
  type        = string
}

variable "image_repository" {
  description = "Where Airbyte pulls the images from, without the last part: registry.example.com/session-connectors."
  type        = string
  default     = "session-connectors"
}

variable "image_tag" {
  description = "Which version of the images."
  type        = string
  default     = "0.1.0"
}

variable "configs" {
  description = "For each vendor that you use its connector's config, as JSON: uxcam, opentracker, browsee, inspectlet, devrev."
  type        = map(string)
  sensitive   = true

  validation {
    condition     = length(setsubtract(nonsensitive(toset(keys(var.configs))), ["uxcam", "opentracker", "browsee", "inspectlet", "devrev"])) == 0
    error_message = "The keys of configs are among uxcam, opentracker, browsee, inspectlet and devrev."
  }
}
