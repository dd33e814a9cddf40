# Custom definitions of the connectors' images, and a source and a connection for each vendor in var.configs.

terraform {
  required_version = ">= 1.5"
  required_providers {
    airbyte = {
      source  = "airbytehq/airbyte"
      version = "~> 1.3"
    }
  }
}

provider "airbyte" {
  server_url    = var.airbyte_api
  token_url     = "${var.airbyte_api}/applications/token"
  client_id     = var.airbyte_client_id
  client_secret = var.airbyte_client_secret
}

locals {
  # The streams of each vendor's connection, and the minute of every hour at which it runs.
  connectors = {
    uxcam = {
      name          = "UXCam"
      documentation = "https://developer.uxcam.com/docs/data-access-api"
      minute        = 5
      streams       = ["sessions", "events", "users"]
    }
    opentracker = {
      name          = "Opentracker"
      documentation = "https://help.opentracker.net"
      minute        = 15
      streams       = ["sessions"]
    }
    browsee = {
      name          = "Browsee"
      documentation = "https://docs.browsee.io/integration/api-calls/generate-secret-key"
      minute        = 25
      streams       = ["sessions", "session_pages"]
    }
    inspectlet = {
      name          = "Inspectlet"
      documentation = "https://apidocs.inspectlet.com"
      minute        = 35
      streams       = ["websites", "sessions", "session_pages", "session_tags"]
    }
    devrev = {
      name          = "DevRev"
      documentation = "https://developer.devrev.ai/about/authentication"
      minute        = 45
      streams       = ["sessions", "session_recordings"]
    }
  }

  # Streams without a cursor are read completely.
  whole = ["websites"]

  # The names of the vendors are not secret; their configs are.
  used = nonsensitive(toset(keys(var.configs)))
}

resource "airbyte_source_definition" "session" {
  for_each = local.connectors

  workspace_id      = var.workspace_id
  name              = each.value.name
  docker_repository = "${var.image_repository}/source-${each.key}"
  docker_image_tag  = var.image_tag
  documentation_url = each.value.documentation
}

resource "airbyte_source" "session" {
  for_each = local.used

  workspace_id  = var.workspace_id
  name          = local.connectors[each.key].name
  definition_id = airbyte_source_definition.session[each.key].id
  configuration = var.configs[each.key]
}

resource "airbyte_connection" "session" {
  for_each = local.used

  name                                 = local.connectors[each.key].name
  source_id                            = airbyte_source.session[each.key].source_id
  destination_id                       = var.destination_id
  prefix                               = "${each.key}_"
  namespace_definition                 = "destination"
  non_breaking_schema_updates_behavior = "propagate_columns"

  schedule = {
    schedule_type   = "cron"
    cron_expression = "0 ${local.connectors[each.key].minute} * * * ?"
  }

  configurations = {
    streams = [
      for stream in local.connectors[each.key].streams : {
        name      = stream
        sync_mode = contains(local.whole, stream) ? "full_refresh_overwrite" : "incremental_deduped_history"
      }
    ]
  }
}
