{{/* The release's name, or release-chart where the release is called otherwise; short enough for what is added to it. */}}
{{- define "atelier.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 36 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/*
Completes a context (root, name) with `service`, its values over the defaults, `fullname` and `component`.
Every template that ranges over the services begins with it, and no other place merges.
*/}}
{{- define "atelier.load" -}}
{{- $own := index .root.Values.services .name | default dict -}}
{{- $_ := set . "service" (mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy $own)) -}}
{{- $_ := set . "fullname" (printf "%s-%s" (include "atelier.fullname" .root) .name) -}}
{{- $_ := set . "component" .name -}}
{{- end -}}

{{/* What selects the pods of a component: never the version, never the chart. */}}
{{- define "atelier.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "atelier.podLabels" -}}
{{ include "atelier.selector" . }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- with .service.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "atelier.labels" -}}
{{ include "atelier.selector" . }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A value as text: Helm reads all numbers as floats, and would write large ones as 1e+10. */}}
{{- define "atelier.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{- define "atelier.image" -}}
{{- $image := .service.image -}}
{{- $registry := default .root.Values.global.imageRegistry $image.registry -}}
{{- $name := default (printf "atelier/%s" .name) $image.repository -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $name }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .root.Chart.AppVersion $image.tag }}{{ end }}
{{- end -}}

{{- define "atelier.pullSecrets" -}}
{{- with concat (.root.Values.global.imagePullSecrets | default list) (.service.imagePullSecrets | default list) | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "atelier.serviceAccount" -}}
{{- if .service.serviceAccount.create }}{{ default .fullname .service.serviceAccount.name }}{{ else }}{{ default "default" .service.serviceAccount.name }}{{ end }}
{{- end -}}

{{/* The restricted profile of Kubernetes; of pods that make or read a volume, the group too. */}}
{{- define "atelier.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .root.Values.security.user }}
runAsGroup: {{ .root.Values.security.user }}
fsGroup: {{ .root.Values.security.user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "atelier.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Whether the pods' number is somebody else's business: hpa, keda or none. */}}
{{- define "atelier.scaler" -}}
{{- $a := .service.autoscaling -}}
{{- if not $a.enabled -}}none
{{- else if and $a.keda.enabled (.root.Capabilities.APIVersions.Has "keda.sh/v1alpha1") -}}keda
{{- else -}}hpa
{{- end -}}
{{- end -}}

{{/* The kind that owns the pods: a Rollout where it is asked for and the cluster knows it. */}}
{{- define "atelier.workload" -}}
{{- if and .service.rollout.enabled (.root.Capabilities.APIVersions.Has "argoproj.io/v1alpha1") -}}Rollout{{- else -}}Deployment{{- end -}}
{{- end -}}

{{/* How many pods there are at least. */}}
{{- define "atelier.least" -}}
{{- if .service.autoscaling.enabled }}{{ include "atelier.text" .service.autoscaling.minReplicas }}{{ else }}{{ include "atelier.text" .service.replicas }}{{ end }}
{{- end -}}

{{/* How many there may be. */}}
{{- define "atelier.most" -}}
{{- if .service.autoscaling.enabled }}{{ include "atelier.text" .service.autoscaling.maxReplicas }}{{ else }}{{ include "atelier.text" .service.replicas }}{{ end }}
{{- end -}}

{{- define "atelier.target" -}}
{{- if eq (include "atelier.workload" .) "Rollout" -}}
apiVersion: argoproj.io/v1alpha1
kind: Rollout
{{- else -}}
apiVersion: apps/v1
kind: Deployment
{{- end }}
name: {{ .fullname }}
{{- end -}}

{{- define "atelier.scalingBehavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies:
    - {type: Percent, value: 100, periodSeconds: 30}
    - {type: Pods, value: 2, periodSeconds: 30}
scaleDown:
  stabilizationWindowSeconds: {{ include "atelier.text" .service.autoscaling.scaleDownSeconds }}
  policies:
    - {type: Percent, value: 50, periodSeconds: 60}
{{- end -}}

{{/* Host names of the way in: the given ones, or that of publicUrl. (root, hosts) */}}
{{- define "atelier.hosts" -}}
{{- .hosts | default (list (urlParse .root.Values.publicUrl).hostname) | toJson -}}
{{- end -}}

{{/* The Service that the way in leads to. */}}
{{- define "atelier.front" -}}
{{- $c := dict "root" . "name" "gateway" }}{{ include "atelier.load" $c -}}
{{- $c.fullname -}}
{{- if and (eq (include "atelier.workload" $c) "Rollout") $c.service.rollout.trafficRouting }}-stable{{ end -}}
{{- end -}}
