{{/* What a service reads, by name (files/settings.json, written from the executables); of one that is not there, what all read. */}}
{{- define "atelier.settings" -}}
{{- $all := .root.Files.Get "files/settings.json" | fromJson -}}
{{- if hasKey $all .name }}{{ index $all .name | toJson }}{{ else }}{{ index $all "*" | toJson }}{{ end }}
{{- end -}}

{{/* The settings of a service that are no secrets, as JSON: what the chart derives, and over it the values' own. */}}
{{- define "atelier.config" -}}
{{- $v := .root.Values -}}
{{- $prefix := include "atelier.fullname" .root -}}
{{- $port := int .service.port -}}
{{- $c := dict "HOST" "0.0.0.0" "PORT" $port "ADMIN_PORT" (add $port 1000) "PUBLIC_URL" $v.publicUrl -}}
{{- range $peer, $values := $v.services -}}
{{- $variable := $peer | upper | replace "-" "_" -}}
{{- if $values -}}
{{- $_ := set $c (printf "%s_URL" $variable) (printf "http://%s-%s" $prefix $peer) -}}
{{- $_ := set $c (printf "%s_ADMIN_URL" $variable) (printf "http://%s-%s-private:%d" $prefix $peer (add (int $values.port) 1000)) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $c "MIGRATE_ON_START" (not $v.migrations.enabled) -}}
{{- $_ := set $c "OTLP_ENDPOINT" $v.telemetry.otlpEndpoint -}}
{{- $k := $v.kafka -}}
{{- $_ := set $c "KAFKA_BOOTSTRAP_SERVERS" $k.bootstrapServers -}}
{{- $_ := set $c "KAFKA_SECURITY_PROTOCOL" $k.securityProtocol -}}
{{- if hasPrefix "sasl" $k.securityProtocol -}}
{{- $_ := set $c "KAFKA_SASL_MECHANISM" $k.saslMechanism -}}
{{- $_ := set $c "KAFKA_SASL_USERNAME" $k.username -}}
{{- end -}}
{{- if $k.ca }}{{ $_ := set $c "KAFKA_CA_FILE" "/etc/atelier/kafka-ca/ca.crt" }}{{ end -}}
{{- if $k.certificate -}}
{{- $_ := set $c "KAFKA_CERTIFICATE_FILE" "/etc/atelier/kafka-client/tls.crt" -}}
{{- $_ := set $c "KAFKA_KEY_FILE" "/etc/atelier/kafka-client/tls.key" -}}
{{- end -}}
{{- $_ := set $c "KAFKA_PARTITIONS" $k.partitions -}}
{{- $_ := set $c "KAFKA_REPLICATION" $k.replication -}}
{{- $o := $v.objectStore -}}
{{- $_ := set $c "OBJECT_STORE" $o.kind -}}
{{- $_ := set $c "OBJECT_FOLDER" "/data" -}}
{{- if eq $o.kind "s3" -}}
{{- $_ := set $c "S3_ENDPOINT" $o.endpoint -}}
{{- $_ := set $c "S3_BUCKET" $o.bucket -}}
{{- $_ := set $c "S3_REGION" $o.region -}}
{{- $_ := set $c "S3_PUBLIC_ENDPOINT" $o.publicEndpoint -}}
{{- end -}}
{{- if $v.redis.ca }}{{ $_ := set $c "REDIS_CA_FILE" "/etc/atelier/redis-ca/ca.crt" }}{{ end -}}
{{- $_ := set $c "WORK_FOLDER" "/work" -}}
{{- $_ := set $c "BEHIND_TLS" (hasPrefix "https:" $v.publicUrl) -}}
{{- if or $v.ingress.enabled $v.gatewayApi.enabled }}{{ $_ := set $c "TRUSTED_PROXIES" 1 }}{{ end -}}
{{- $c = mergeOverwrite $c (deepCopy .service.config) -}}
{{- $out := dict -}}
{{- range $name, $kind := include "atelier.settings" . | fromJson -}}
{{- if and (hasKey $c $name) (not (has $kind (list "secret" "required-secret"))) -}}
{{- $text := include "atelier.text" (index $c $name) -}}
{{- if ne $text "" }}{{ $_ := set $out $name $text }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $out | toJson -}}
{{- end -}}

{{/* What `/data` of a service is: `claim`, `scratch` (a folder of the pod; its objects and its uploads are in S3), or nothing. */}}
{{- define "atelier.dataVolume" -}}
{{- if .service.dataFolder.enabled -}}
{{- $keepsObjects := hasKey (include "atelier.settings" . | fromJson) "OBJECT_STORE" -}}
{{- ternary "scratch" "claim" (and $keepsObjects (eq .root.Values.objectStore.kind "s3")) -}}
{{- end -}}
{{- end -}}

{{/* Where a secret setting comes from, as JSON: {name, key}, or {} where it comes from nowhere. (root, name, service, setting, kind) */}}
{{- define "atelier.secretRef" -}}
{{- $v := .root.Values -}}
{{- $ref := index (.service.secrets | default dict) .setting -}}
{{- $key := .setting -}}
{{- if not $ref -}}
{{- if eq .setting "DATABASE_URL" }}{{ $ref = $v.postgres.existingSecret }}{{ $key = .name -}}
{{- else if eq .setting "KAFKA_SASL_PASSWORD" -}}
{{- if hasPrefix "sasl" $v.kafka.securityProtocol }}{{ $ref = $v.kafka.existingSecret }}{{ $key = "password" }}{{ end -}}
{{- else if eq .setting "REDIS_URL" }}{{ $ref = $v.redis.existingSecret }}{{ $key = "url" -}}
{{- else if hasPrefix "S3_" .setting -}}
{{- if eq $v.objectStore.kind "s3" }}{{ $ref = $v.objectStore.existingSecret }}{{ $key = ternary "access-key" "secret-key" (eq .setting "S3_ACCESS_KEY") }}{{ end -}}
{{- else if eq .kind "required-secret" }}{{ $ref = $v.existingSecret -}}
{{- end -}}
{{- end -}}
{{- if kindIs "map" $ref -}}{{ dict "name" $ref.name "key" (default $key $ref.key) | toJson }}
{{- else if $ref -}}{{ dict "name" $ref "key" $key | toJson }}
{{- else -}}{}
{{- end -}}
{{- end -}}

{{/* The environment that is no ConfigMap's: a home that can be written, authorities, and secrets by reference. */}}
{{- define "atelier.env" -}}
{{- $c := . -}}
- name: HOME
  value: /tmp
{{- if .root.Values.postgres.ca }}
- name: PGSSLROOTCERT
  value: /etc/atelier/postgres-ca/ca.crt
{{- end }}
{{- range $setting, $kind := include "atelier.settings" . | fromJson }}
{{- if has $kind (list "secret" "required-secret") }}
{{- $ref := include "atelier.secretRef" (merge (dict "setting" $setting "kind" $kind) $c) | fromJson }}
{{- if $ref }}
- name: {{ $setting }}
  valueFrom:
    secretKeyRef:
      name: {{ $ref.name }}
      key: {{ $ref.key }}
{{- end }}
{{- end }}
{{- end }}
{{- with .service.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Files of authorities and certificates: mounts. */}}
{{- define "atelier.trustMounts" -}}
{{- $v := .root.Values -}}
{{- $redis := ternary $v.redis.ca "" (hasKey (include "atelier.settings" . | fromJson) "REDIS_CA_FILE") -}}
{{- range $name, $used := dict "postgres-ca" $v.postgres.ca "kafka-ca" $v.kafka.ca "redis-ca" $redis "kafka-client" $v.kafka.certificate }}
{{- if $used }}
- name: {{ $name }}
  mountPath: /etc/atelier/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}

{{/* Files of authorities and certificates: volumes, of Secrets that exist. */}}
{{- define "atelier.trustVolumes" -}}
{{- $v := .root.Values -}}
{{- $redis := ternary $v.redis.ca "" (hasKey (include "atelier.settings" . | fromJson) "REDIS_CA_FILE") -}}
{{- range $name, $ref := dict "postgres-ca" $v.postgres.ca "kafka-ca" $v.kafka.ca "redis-ca" $redis }}
{{- if $ref }}
- name: {{ $name }}
  secret:
    secretName: {{ ternary (index (ternary $ref dict (kindIs "map" $ref)) "name") $ref (kindIs "map" $ref) }}
    items:
      - key: {{ default "ca.crt" (index (ternary $ref dict (kindIs "map" $ref)) "key") }}
        path: ca.crt
{{- end }}
{{- end }}
{{- with $v.kafka.certificate }}
- name: kafka-client
  secret:
    secretName: {{ . }}
    items:
      - key: tls.crt
        path: tls.crt
      - key: tls.key
        path: tls.key
{{- end }}
{{- end -}}
