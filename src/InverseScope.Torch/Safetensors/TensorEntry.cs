namespace InverseScope.Torch.Safetensors;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Name">Unique within the file.</param>
/// <param name="Shape">Empty for a scalar; a dimension may be 0.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">One past the last byte.</param>
public sealed record TensorEntry(string Name, DType DType, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long Count => (End - Begin) / DType.Size();

    /// <summary>Number of bytes.</summary>
    public long Bytes => End - Begin;

    /// <summary>e.g. <c>F32 [64, 192]</c>.</summary>
    public override string ToString() => $"{DType} {ShapeText(Shape)}";

    /// <summary>e.g. <c>[64, 192]</c>.</summary>
    public static string ShapeText(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
