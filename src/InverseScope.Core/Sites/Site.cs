namespace InverseScope.Core.Sites;

/// <summary>What kind of activation a site names (METHOD section 1). Stored by name.</summary>
public enum SiteKind
{
    /// <summary>Output of one attention head, <c>L9H6</c>.</summary>
    Head,

    /// <summary>What a layer's attention block adds to the stream, with its bias, <c>L17.attn</c>.</summary>
    Attention,

    /// <summary>What a layer's MLP adds to the stream, <c>L17.mlp</c>.</summary>
    Mlp,

    /// <summary>Residual stream after a layer, <c>L13.resid</c>.</summary>
    Residual,

    /// <summary>Residual stream before the first layer, <c>embed</c>.</summary>
    Embedding,
}

/// <summary>An activation of the model, without the position. Layer and head are 0-based; 0 where they do not apply.</summary>
public readonly record struct SiteAddress(SiteKind Kind, int Layer = 0, int Head = 0)
{
    /// <summary>The short form, e.g. <c>L9H6</c>.</summary>
    public override string ToString() => Kind switch
    {
        SiteKind.Head => $"L{Layer}H{Head}",
        SiteKind.Attention => $"L{Layer}.attn",
        SiteKind.Mlp => $"L{Layer}.mlp",
        SiteKind.Residual => $"L{Layer}.resid",
        SiteKind.Embedding => "embed",
        _ => throw new InvalidOperationException($"Unknown kind {Kind}."),
    };
}

/// <summary>One activation of the target at one position: what is inverted.</summary>
public sealed record Site(SiteAddress Address, Position Position)
{
    /// <summary>The full form with its position, e.g. <c>L9H6@last</c>. Parses back to an equal site.</summary>
    public override string ToString() => $"{Address}{Position}";
}
