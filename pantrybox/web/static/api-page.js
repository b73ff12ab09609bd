// The API's description, drawn by Swagger UI. What is tried out goes to this box, as who is signed in here.
SwaggerUIBundle({
  url: "/schema/openapi.json",
  domNode: document.getElementById("api"),
  deepLinking: true,
  docExpansion: "list",
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
});
