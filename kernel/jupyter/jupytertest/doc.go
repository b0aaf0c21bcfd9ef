// Package jupytertest tests kernels at the level of messages: a client that
// checks every message it gets against the specification, and a mock
// interpreter to serve.
package jupytertest

import "divvy/kernel/jupyter"

// Info is what the mock's kernel tells about itself.
func Info() jupyter.Info {
	return jupyter.Info{
		Implementation:        "mock",
		ImplementationVersion: "0.1",
		Banner:                "A mock",
		Language: jupyter.LanguageInfo{
			Name: "mock", Version: "1", MIMEType: "text/x-mock", FileExtension: ".mock",
			PygmentsLexer: "text", CodeMirrorMode: map[string]string{"name": "null"}, NBConvertExporter: "script",
		},
		HelpLinks: []jupyter.HelpLink{{Text: "Jupyter's protocol", URL: "https://jupyter-client.readthedocs.io/en/stable/messaging.html"}},
	}
}
