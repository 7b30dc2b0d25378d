using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>A place in a file, 1-based; the default is unknown.</summary>
internal readonly record struct Mark(int Line, int Column);

/// <summary>What YAML and JSON have in common. Nodes that were not read from a file have no mark.</summary>
internal abstract record SpecNode(Mark Mark)
{
    /// <summary>What it is, for messages.</summary>
    public abstract string Describe();

    public sealed record Null(Mark Mark = default) : SpecNode(Mark)
    {
        public override string Describe() => "nothing";
    }

    public sealed record Text(string Value, Mark Mark = default) : SpecNode(Mark)
    {
        public override string Describe() => $"the text {Quote(Value)}";
    }

    public sealed record Number(double Value, Mark Mark = default) : SpecNode(Mark)
    {
        public override string Describe() => $"the number {LabelText.Of(Value)}";
    }

    public sealed record Bool(bool Value, Mark Mark = default) : SpecNode(Mark)
    {
        public override string Describe() => LabelText.Of(Value);
    }

    public sealed record List(IReadOnlyList<SpecNode> Items, Mark Mark = default) : SpecNode(Mark)
    {
        public override string Describe() => Items.Count == 0 ? "an empty list" : "a list";
    }

    public sealed record Map(IReadOnlyList<(Text Key, SpecNode Value)> Entries, Mark Mark = default) : SpecNode(Mark)
    {
        public override string Describe() => Entries.Count switch
        {
            0 => "an empty mapping",
            1 => $"a mapping with the key {Quote(Entries[0].Key.Value)}",
            _ => $"a mapping with the keys {string.Join(", ", Entries.Take(4).Select(e => Quote(e.Key.Value)))}"
                + (Entries.Count > 4 ? ", …" : ""),
        };
    }

    /// <summary>In quotes, shortened, without control characters.</summary>
    public static string Quote(string text) => $"'{QuotedText.Shown(text, 60)}'";
}
