// A connector's specification as a form. window.show(schema) renders it; window.result is what was submitted.
import Form from "@rjsf/core";
import validator from "@rjsf/validator-ajv8";
import { createRoot } from "react-dom/client";

// As in Airbyte's form, secrets are hidden while they are typed, constants are not shown, and `order` sorts.
function uiSchema(schema) {
  const ui = {};
  if (schema.airbyte_secret) ui["ui:widget"] = "password";
  if (schema.airbyte_hidden || schema.const !== undefined) ui["ui:widget"] = "hidden";
  if (schema.properties) {
    const names = Object.keys(schema.properties);
    ui["ui:order"] = [...names.sort((a, b) => schema.properties[a].order - schema.properties[b].order), "*"];
    for (const name of names) ui[name] = uiSchema(schema.properties[name]);
  }
  if (schema.items) ui.items = uiSchema(schema.items);
  for (const branch of schema.oneOf ?? []) {
    const { "ui:order": order, ...inner } = uiSchema(branch);
    Object.assign(ui, inner);
  }
  return ui;
}

window.show = (schema) => {
  window.result = undefined;
  window.errors = undefined;
  createRoot(document.getElementById("form")).render(
    <Form
      schema={schema}
      uiSchema={uiSchema(schema)}
      validator={validator}
      noHtml5Validate // an optional group that is left empty may have required fields
      experimental_defaultFormStateBehavior={{
        emptyObjectFields: "skipEmptyDefaults",
        arrayMinItems: { populate: "requiredOnly" },
      }}
      onSubmit={({ formData }) => (window.result = formData)}
      onError={(errors) => (window.errors = errors.map((error) => error.stack))}
    />,
  );
};
