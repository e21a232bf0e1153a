{{/* Rules outwards to named destinations. (root, names) The cloud's own address for its secrets is never among them. */}}
{{- define "atelier.egressRules" -}}
{{- range $name := .names }}
{{- $d := index $.root.Values.networkPolicy.destinations $name }}
- to:
    {{- range $d.cidrs }}
    - ipBlock:
        cidr: {{ . | quote }}
        {{- $except := list }}
        {{- if eq . "0.0.0.0/0" }}
        {{- $except = list "169.254.0.0/16" }}
        {{- range $d.except }}{{ if not (contains ":" .) }}{{ $except = append $except . }}{{ end }}{{ end }}
        {{- else if eq . "::/0" }}
        {{- $except = list "fe80::/10" "fd00:ec2::254/128" }}
        {{- range $d.except }}{{ if contains ":" . }}{{ $except = append $except . }}{{ end }}{{ end }}
        {{- end }}
        {{- with $except }}
        except:
          {{- toYaml . | nindent 10 }}
        {{- end }}
    {{- end }}
    {{- with $d.peers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    {{- range $d.ports }}
    - {protocol: TCP, port: {{ include "atelier.text" . }}}
    {{- end }}
{{- end }}
{{- end -}}

{{/* A peer: the pods of a component of this release. (root, component) */}}
{{- define "atelier.peer" -}}
- podSelector:
    matchLabels:
      {{- include "atelier.selector" . | nindent 6 }}
{{- end -}}

{{- define "atelier.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .policy }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "atelier.labels" . | nindent 4 }}
{{- end -}}
