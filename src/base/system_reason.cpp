#include "base/system_reason.h"

#include <cerrno>
#include <span>
#include <system_error>

namespace winrm::base {
namespace {

struct reason_row
{
    int number;
    const char* words;
};

constexpr const char* no_memory = "this machine has no memory left for it: end other programs";
constexpr const char* too_many_files = "this process has as many files open as it may: raise the limit (ulimit -n)";
constexpr const char* too_many_files_here = "this machine has as many files open as it can: end other programs";

constexpr reason_row file_rows[] = {
    {ENOENT, "there is no such file: is its name spelt right?"},
    {ENOTDIR, "there is no such file: a part of its path is not a folder"},
    {EACCES, "permission is denied: look at owner and mode of it and of the folders above it (ls -ld)"},
    {EPERM, "the system forbids it to this user: look at its attributes and at how its disk is mounted"},
    {EISDIR, "it is a folder: name a file in it"},
    {ELOOP, "its symbolic links go in a circle: name the file itself"},
    {ENAMETOOLONG, "its name is too long: choose a shorter one"},
    {ENOSPC, "the disk is full: make room there, or choose another place"},
    {EDQUOT, "this user's quota of the disk is used up: make room there, or choose another place"},
    {EFBIG, "it would become larger than allowed: raise the limit (ulimit -f), or choose another file system"},
    {EROFS, "its disk is mounted read-only: choose another place"},
    {EIO, "the device reports an error: look into the system's log (dmesg)"},
    {EBADF, "it is closed, or not open for this: open it"},
    {EINVAL, "it is of a kind that cannot be used like this: name an ordinary file"},
    {ENXIO, "nobody is at its other end: start that program first, or name an ordinary file"},
    {ENODEV, "the device is not there: name an ordinary file"},
    {EPIPE, "its reader has gone away"},
    {EBUSY, "another program holds it: end that one first"},
    {ETXTBSY, "it is a program that runs just now: choose another name"},
    {ESTALE, "the file server has lost it: mount its folder again"},
    {EMFILE, too_many_files},
    {ENFILE, too_many_files_here},
    {ENOMEM, no_memory},
    {EAGAIN, "this user has as many processes as allowed: end some, or raise the limit (ulimit -u)"},
};

constexpr reason_row network_rows[] = {
    {ECONNREFUSED, "nothing listens there (is WinRM enabled, is the port right?)"},
    {ETIMEDOUT, "it does not answer (is the host up, does a firewall drop the connection?)"},
    {ENETUNREACH, "there is no route to it (is the network up, is a VPN needed?)"},
    {EHOSTUNREACH, "there is no route to it (is the host up, is it on this network?)"},
    {EHOSTDOWN, "the host is down"},
    {ENETDOWN, "the network interface of this machine is down: bring it up"},
    {ENETRESET, "the network dropped the connection: try again"},
    {ECONNRESET, "the other side reset the connection"},
    {ECONNABORTED, "the connection was broken off: try again"},
    {EPIPE, "the other side has closed the connection"},
    {EACCES, "this machine's own firewall or security policy forbids it"},
    {EPERM, "this machine's own firewall or security policy forbids it"},
    {EADDRNOTAVAIL, "this machine has no address or no free port to ask from: wait, or close other connections"},
    {EAFNOSUPPORT, "this machine does not speak its kind of address (IPv4 or IPv6): give an address of the other kind"},
    {EPROTONOSUPPORT, "this machine does not speak its kind of address: give an address of the other kind"},
    {EINVAL, "no connection can be made to an address of its kind: give another address of the host"},
    {ENODEV, "the network interface in the address is not there: ip link lists those that are"},
    {ENXIO, "the network interface in the address is not there: ip link lists those that are"},
    {EMFILE, too_many_files},
    {ENFILE, too_many_files_here},
    {ENOBUFS, no_memory},
    {ENOMEM, no_memory},
};

std::string find(std::span<const reason_row> rows, int number)
{
    for (const auto& row : rows) {
        if (row.number == number) return row.words;
    }
    return "the system gives as its reason: " + std::generic_category().message(number) + " (error number " +
           std::to_string(number) + ")";
}

} // namespace

std::string file_reason(int number) { return find(file_rows, number); }
std::string network_reason(int number) { return find(network_rows, number); }

} // namespace winrm::base
