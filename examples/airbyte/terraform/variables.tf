variable "airbyte_api" {
  description = "The public API of a self-managed Airbyte."
  type        = string
  default     = "http://localhost:8000/api/public/v1"
}

variable "airbyte_client_id" {
  description = "The client ID of an application (User settings > Applications in Airbyte)."
  type        = string
  sensitive   = true
}

variable "airbyte_client_secret" {
  description = "The client secret of the same application."
  type        = string
  sensitive   = true
}

variable "workspace_id" {
  description = "The ID of the workspace in which everything is created."
  type        = string
}

variable "destination_id" {
  description = "The ID of an existing destination."
  type        = string
}

variable "image_repository" {
  description = "The registry and folder of the images, such as registry.example.com/session-connectors."
  type        = string
  default     = "session-connectors"
}

variable "image_tag" {
  description = "The version of the images."
  type        = string
  default     = "0.1.0"
}

variable "configs" {
  description = "The config of each vendor that you use, as JSON. Keys: uxcam, opentracker, browsee, inspectlet, devrev."
  type        = map(string)
  sensitive   = true

  validation {
    condition     = length(setsubtract(nonsensitive(toset(keys(var.configs))), ["uxcam", "opentracker", "browsee", "inspectlet", "devrev"])) == 0
    error_message = "The keys of configs are among uxcam, opentracker, browsee, inspectlet and devrev."
  }
}
