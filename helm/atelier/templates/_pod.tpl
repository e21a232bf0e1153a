{{/* The pod of a service, the same for a Deployment and a Rollout. */}}
{{- define "atelier.podTemplate" -}}
{{- $s := .service -}}
{{- $data := include "atelier.dataVolume" . -}}
metadata:
  labels:
    {{- include "atelier.podLabels" . | nindent 4 }}
  annotations:
    checksum/config: {{ include "atelier.config" . | sha256sum }}
    {{- with $s.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "atelier.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- include "atelier.pullSecrets" . | nindent 2 }}
  {{- with $s.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $s.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ include "atelier.text" $s.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "atelier.podSecurity" . | nindent 4 }}
  containers:
    - name: {{ .name }}
      image: {{ include "atelier.image" . }}
      imagePullPolicy: {{ $s.image.pullPolicy }}
      args: [serve]
      securityContext:
        {{- include "atelier.containerSecurity" . | nindent 8 }}
      ports:
        - name: http
          containerPort: {{ include "atelier.text" $s.port }}
        - name: private
          containerPort: {{ add (int $s.port) 1000 }}
      envFrom:
        - configMapRef:
            name: {{ .fullname }}
      env:
        {{- include "atelier.env" . | nindent 8 }}
      {{- range $probe := list "startup" "liveness" "readiness" }}
      {{- $p := index $s.probes $probe }}
      {{ $probe }}Probe:
        httpGet:
          path: {{ ternary "/health/ready" "/health/live" (eq $probe "readiness") }}
          port: private
        periodSeconds: {{ include "atelier.text" $p.periodSeconds }}
        timeoutSeconds: {{ include "atelier.text" $p.timeoutSeconds }}
        failureThreshold: {{ include "atelier.text" $p.failureThreshold }}
      {{- end }}
      resources:
        {{- toYaml $s.resources | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if $s.workFolder.enabled }}
        - name: work
          mountPath: /work
        {{- end }}
        {{- if $data }}
        - name: data
          mountPath: /data
        {{- end }}
        {{- include "atelier.trustMounts" . | nindent 8 }}
        {{- with $s.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: {{ $s.tmpSize }}
    {{- if $s.workFolder.enabled }}
    - name: work
      emptyDir:
        sizeLimit: {{ $s.workFolder.size }}
    {{- end }}
    {{- if $data }}
    - name: data
      {{- if eq $data "claim" }}
      persistentVolumeClaim:
        claimName: {{ default (printf "%s-data" .fullname) $s.dataFolder.existingClaim }}
      {{- else }}
      emptyDir:
        sizeLimit: {{ $s.dataFolder.size }}
      {{- end }}
    {{- end }}
    {{- include "atelier.trustVolumes" . | nindent 4 }}
    {{- with $s.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $s.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  tolerations:
    {{- range $taint := list "not-ready" "unreachable" }}
    - {key: node.kubernetes.io/{{ $taint }}, operator: Exists, effect: NoExecute, tolerationSeconds: {{ include "atelier.text" $s.nodeLostSeconds }}}
    {{- end }}
    {{- with $s.tolerations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $affinity := deepCopy $s.affinity }}
  {{- if and (eq $data "claim") (eq $s.dataFolder.accessMode "ReadWriteOnce") (not $affinity.podAffinity) }}
  {{- /* Such a volume belongs to one node: at an update the new pod goes where the old one is. */}}
  {{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "atelier.selector" . | fromYaml)) }}
  {{- $_ := set $affinity "podAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term)) }}
  {{- end }}
  {{- with $affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $s.spread.enabled }}
  topologySpreadConstraints:
    {{- range $key, $when := dict "topology.kubernetes.io/zone" $s.spread.zone "kubernetes.io/hostname" $s.spread.host }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: {{ $when }}
      labelSelector:
        matchLabels:
          {{- include "atelier.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
{{- end -}}
