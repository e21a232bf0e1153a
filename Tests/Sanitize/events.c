// Every message of the fleet: an empty one and one that is damaged at each byte, packed and unpacked. Built by
// scripts/sanitize.
#include "CEvents.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[] = "01234567-89ab-7def-8123-456789abcdef";

// A message whose texts are all set, so that it has a byte for each kind of field.
static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type) {
    ProtobufCMessage *message = calloc(1, type->sizeof_message);
    type->message_init(message);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        void *place = (char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) continue;
        if (field->type == PROTOBUF_C_TYPE_STRING) *(char **)place = text;
    }
    return message;
}

int main(void) {
    assert(atelier_messages_count > 0 && !atelier_message(atelier_messages_count));
    for (size_t index = 0; index < atelier_messages_count; index++) {
        const ProtobufCMessageDescriptor *type = atelier_message(index);
        ProtobufCMessage *message = filled(type);
        size_t size = protobuf_c_message_get_packed_size(message);
        uint8_t *bytes = malloc(size + 1), *damaged = malloc(size + 1);
        assert(protobuf_c_message_pack(message, bytes) == size);
        for (size_t place = 0; place <= size; place++) {
            // Cut here, and changed here, in a block of just that size.
            uint8_t *cut = malloc(place + 1);
            memcpy(cut, bytes, place);
            ProtobufCMessage *found = protobuf_c_message_unpack(type, NULL, place, cut);
            if (found) protobuf_c_message_free_unpacked(found, NULL);
            free(cut);
            for (int bit = 0; bit < 8 && place < size; bit++) {
                memcpy(damaged, bytes, size);
                damaged[place] ^= (uint8_t)(1 << bit);
                found = protobuf_c_message_unpack(type, NULL, size, damaged);
                if (found) protobuf_c_message_free_unpacked(found, NULL);
            }
        }
        free(bytes);
        free(damaged);
        free(message);
    }
    puts("sanitizers: the events' messages are clean");
    return 0;
}
