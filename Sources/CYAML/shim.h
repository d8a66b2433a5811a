#pragma once
#include <yaml.h>

// yaml_event_t keeps its payload in an anonymous union, whose members Swift imports under generated names that are not
// stable; these say which member is meant.
static inline const unsigned char *handover_yaml_scalar_value(const yaml_event_t *event) {
    return event->data.scalar.value;
}
static inline size_t handover_yaml_scalar_length(const yaml_event_t *event) {
    return event->data.scalar.length;
}
static inline int handover_yaml_scalar_is_plain(const yaml_event_t *event) {
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}
static inline int handover_yaml_has_anchor_or_tag(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.anchor != 0 || event->data.scalar.tag != 0;
    case YAML_SEQUENCE_START_EVENT: return event->data.sequence_start.anchor != 0 || event->data.sequence_start.tag != 0;
    case YAML_MAPPING_START_EVENT: return event->data.mapping_start.anchor != 0 || event->data.mapping_start.tag != 0;
    default: return 0;
    }
}
