{{- define "ai-agent.labels" -}}
app: ai-agent
{{- end -}}
