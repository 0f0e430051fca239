#include "net/tls_bio.h"

#include <algorithm>
#include <cstring>

namespace winrm::net {

namespace {

tls_wire& wire_of(BIO* b) { return *static_cast<tls_wire*>(BIO_get_data(b)); }

int read_wire(BIO* b, char* to, int size)
{
    BIO_clear_retry_flags(b);
    tls_wire& wire = wire_of(b);
    if (wire.in.empty()) {
        BIO_set_retry_read(b);
        return -1;
    }
    const std::size_t take = std::min(static_cast<std::size_t>(size), wire.in.size());
    std::memcpy(to, wire.in.data(), take);
    wire.in.remove_prefix(take);
    return static_cast<int>(take);
}

int write_wire(BIO* b, const char* from, int size)
{
    BIO_clear_retry_flags(b);
    wire_of(b).out.append(from, static_cast<std::size_t>(size));
    return size;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method()
{
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "openwinrm wire");
    if (m == nullptr) return nullptr;
    BIO_meth_set_read(m, read_wire);
    BIO_meth_set_write(m, write_wire);
    BIO_meth_set_ctrl(m, control);
    return m;
}

} // namespace

BIO* make_wire_bio(tls_wire& wire)
{
    static BIO_METHOD* const method = make_method();
    BIO* b = method == nullptr ? nullptr : BIO_new(method);
    if (b == nullptr) return nullptr;
    BIO_set_data(b, &wire);
    BIO_set_init(b, 1);
    return b;
}

} // namespace winrm::net
