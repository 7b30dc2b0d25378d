using System.Buffers.Binary;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Reads the fields of a message in protocol buffers' wire format, in the order of the file.</summary>
/// <exception cref="FormatException">Thrown by every member where the message is cut off or malformed.</exception>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;
    private ulong _number;

    public int Field { get; private set; }

    /// <summary>The current field as an integer; 0 or 1 for a bool.</summary>
    public readonly long Integer => (long)_number;

    /// <summary>The current field as a float.</summary>
    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)_number);

    /// <summary>The current field as bytes, text or a message of its own.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <returns>False at the end of the message.</returns>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        var tag = Variable();
        (Field, _number) = ((int)(tag >> 3), 0);
        Bytes = default;
        switch (tag & 7)
        {
            case 0:
                _number = Variable();
                break;
            case 1:
                _number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                Bytes = Take(Variable());
                break;
            case 5:
                _number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw new FormatException($"field {Field} is of wire type {tag & 7}");
        }

        return Field > 0 ? true : throw new FormatException("a field has no number");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw new FormatException($"{count} bytes were announced where {_rest.Length} are left");
        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private ulong Variable()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }

        throw new FormatException("a number has more than 64 bits");
    }
}
