using System.Globalization;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Sites;

/// <summary>
/// Which token of a text. Written <c>@last</c>, <c>@-2</c> (from the end), <c>@5</c> (from the start, the begin token
/// being 0), <c>@tok:"="</c> or <c>@tok:"="+1</c> (last occurrence of a token, and what follows it), or a name that the
/// task defines (<c>@query</c>).
/// </summary>
public abstract record Position
{
    private Position()
    {
    }

    /// <summary>The last token of the text.</summary>
    public static Position Last { get; } = new FromEnd(-1);

    /// <summary>Index of the token, or null if the text has no such position.</summary>
    public abstract int? Resolve(TokenizedText text, ITask? task);

    /// <summary>Counted from the start; 0 is the first token, begin token included.</summary>
    public sealed record FromStart(int Index) : Position
    {
        public override int? Resolve(TokenizedText text, ITask? task) => Index < text.Ids.Length ? Index : null;

        public override string ToString() => $"@{Index}";
    }

    /// <summary>Counted from the end; −1 is the last token.</summary>
    public sealed record FromEnd(int Index) : Position
    {
        public override int? Resolve(TokenizedText text, ITask? task) =>
            text.Ids.Length + Index >= 0 ? text.Ids.Length + Index : null;

        public override string ToString() => Index == -1 ? "@last" : $"@{Index}";
    }

    /// <summary>Last occurrence of a token with exactly this text, moved by an offset.</summary>
    public sealed record Token(string Text, int Offset) : Position
    {
        public override int? Resolve(TokenizedText text, ITask? task)
        {
            for (var i = text.Ids.Length - 1; i >= 0; i--)
            {
                if (text.Piece(i).SequenceEqual(Text))
                    return i + Offset >= 0 && i + Offset < text.Ids.Length ? i + Offset : null;
            }

            return null;
        }

        public override string ToString()
        {
            var quoted = Text.Replace("\\", "\\\\").Replace("\"", "\\\"");
            return $"@tok:\"{quoted}\"{(Offset == 0 ? "" : Offset.ToString("+0;-0", CultureInfo.InvariantCulture))}";
        }
    }

    /// <summary>A name that the task defines.</summary>
    public sealed record Named(string Name) : Position
    {
        public override int? Resolve(TokenizedText text, ITask? task)
        {
            if (task?.CharacterAt(Name, text.Text) is not { } character)
                return null;
            for (var i = text.Ids.Length - 1; i >= 0; i--)
            {
                if (text.Starts[i] >= 0 && text.Starts[i] <= character && character < text.Ends[i])
                    return i;
            }

            return null;
        }

        public override string ToString() => $"@{Name}";
    }
}
